import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import onnxProto from 'onnx-proto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readRunnerConfig } from '../../../models/runner/config.ts';
import { identityModel, linearModel, loopModel } from '../../support/onnx-models.ts';
import { type OtlpCollector, startOtlpCollector } from '../../support/otlp-collector.ts';
import { RunnerProcess, TestRepository } from '../../support/runner-process.ts';

const { DataType } = onnxProto.onnx.TensorProto;
const v1 = { model: 'ranker', version: 'v1', bytes: linearModel([1, 10]) };
const v2 = { model: 'ranker', version: 'v2', bytes: linearModel([2, 20]) };
const echo = { model: 'echo', version: 'v1', bytes: identityModel(DataType.INT64) };
const loop = { model: 'loop', version: 'v1', bytes: loopModel('input') };
const altered = { model: 'altered', version: 'v1', bytes: linearModel([3]), ref: { sha256: '0'.repeat(64) } };
const foreign = { model: 'foreign', version: 'v1', bytes: Buffer.from('no model') };

let cache: string;
let repository: TestRepository;
let collector: OtlpCollector;
let runner: RunnerProcess;
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'runner-cache-'));
  collector = await startOtlpCollector();
  repository = await TestRepository.create([v1, v2, echo, loop, altered, foreign]);
  runner = await RunnerProcess.ready({
    MODEL_REPOSITORY: repository.uri,
    CACHE_DIR: cache,
    MAX_BODY_BYTES: '20000',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.upstream.url,
    OTEL_BSP_SCHEDULE_DELAY: '20',
  });
});
afterAll(async () => {
  await runner.stop();
  await collector.upstream.stop();
  await repository.remove();
  await rm(cache, { recursive: true, force: true });
});

async function get(path: string) {
  const response = await fetch(`${runner.url}${path}`);
  return { status: response.status, body: await response.json() };
}
async function infer(path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${runner.url}/v2/models/${path}/infer`, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}
const features = (...rows: number[][]) => ({
  id: 'request-1',
  inputs: [{ name: 'features', datatype: 'FP32', shape: [rows.length, 2], data: rows }],
});
const busy = (times: number) => ({
  inputs: [
    { name: 'x', datatype: 'FP32', shape: [1], data: [0] },
    { name: 'times', datatype: 'INT64', shape: [], data: [times] },
  ],
});

describe('a runner', () => {
  it('answers an inference with the version that it was asked of', async () => {
    expect(await infer('ranker/versions/v1', features([1, 1], [0, 3]))).toEqual({
      status: 200,
      body: {
        model_name: 'ranker',
        model_version: 'v1',
        id: 'request-1',
        outputs: [{ name: 'scores', datatype: 'FP32', shape: [2], data: [11, 30] }],
      },
    });
  });

  it('answers with the newest version where none is asked for', async () => {
    expect(await infer('ranker', features([1, 1]))).toMatchObject({
      body: { model_version: 'v2', outputs: [{ data: [22] }] },
    });
  });

  it('gives back integers beyond 2^53 digit for digit', async () => {
    const body = '{"inputs":[{"name":"x","datatype":"INT64","shape":[1],"data":[9007199254740993]}]}';
    const response = await fetch(`${runner.url}/v2/models/echo/infer`, { method: 'POST', body });
    expect(await response.text()).toContain('"data":[9007199254740993]');
  });

  it('takes a body that is nothing but the one tensor', async () => {
    const response = await fetch(`${runner.url}/v2/models/ranker/versions/v1/infer`, {
      method: 'POST',
      headers: { 'inference-header-content-length': '0' },
      body: new Uint8Array(Float32Array.of(1, 1).buffer),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes.readFloatLE(Number(response.headers.get('inference-header-content-length')))).toBe(11);
  });

  it('describes the server and its models as the protocol does', async () => {
    expect(await get('/v2')).toMatchObject({
      status: 200,
      body: { name: 'switchyard-runner', extensions: expect.arrayContaining(['binary_tensor_data']) },
    });
    expect(await get('/v2/models/ranker')).toEqual({
      status: 200,
      body: {
        name: 'ranker',
        versions: ['v1', 'v2'],
        platform: 'onnx_onnxv1',
        inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, 2] }],
        outputs: [{ name: 'scores', datatype: 'FP32', shape: [-1] }],
      },
    });
    expect(await get('/v2/models/ranker/versions/v1')).toMatchObject({ body: { versions: ['v1'] } });
    for (const path of [
      '/v2/health/live',
      '/v2/health/ready',
      '/livez',
      '/readyz',
      '/v2/models/ranker/ready',
    ]) {
      expect(await get(`${path}?verbose=1`)).toMatchObject({ status: 200 });
    }
  });

  it('tells of its configuration, its numbers and its repository', async () => {
    expect(await get('/v2/models/ranker/config')).toMatchObject({
      body: { name: 'ranker', input: [{ data_type: 'TYPE_FP32', dims: [-1, 2] }] },
    });
    await infer('ranker/versions/v1', features([1, 1]));
    expect(await get('/v2/models/ranker/versions/v1/stats')).toMatchObject({
      body: {
        model_stats: [
          { name: 'ranker', version: 'v1', inference_count: expect.toSatisfy((count) => count > 0) },
        ],
      },
    });
    const index = await fetch(`${runner.url}/v2/repository/index`, { method: 'POST' });
    expect(await index.json()).toContainEqual({
      name: 'foreign',
      version: 'v1',
      state: 'UNAVAILABLE',
      reason: expect.stringContaining('not-a-model'),
    });
    const ready = await fetch(`${runner.url}/v2/repository/index`, {
      method: 'POST',
      body: '{"ready":true}',
    });
    expect(await ready.json()).toHaveLength(4);
  });

  it('loads and unloads by hand only where a key protects it', async () => {
    const post = (url: string, path: string) =>
      fetch(`${url}/v2/repository/models/${path}`, {
        method: 'POST',
        headers: { authorization: 'Bearer a-key-of-the-runner' },
      });
    expect((await post(runner.url, 'ranker/unload')).status).toBe(403);
    const own = await RunnerProcess.ready({
      MODEL_REPOSITORY: repository.uri,
      CACHE_DIR: cache,
      RUNNER_API_KEY: 'a-key-of-the-runner',
    });
    const ready = async () =>
      (
        await fetch(`${own.url}/v2/models/ranker/ready`, {
          headers: { authorization: 'Bearer a-key-of-the-runner' },
        })
      ).status;
    expect((await post(own.url, 'ranker/unload')).status).toBe(200);
    expect(await ready()).toBe(503);
    expect((await post(own.url, 'ranker/load')).status).toBe(200);
    expect(await ready()).toBe(200);
    expect((await post(own.url, 'nobody/load')).status).toBe(404);
    expect((await post(own.url, 'foreign/load')).status).toBe(400);
    await own.stop();
  });

  it.each([
    ['text that is no JSON', 'ranker', '{', 400, 'not JSON'],
    [
      'a wrong shape',
      'ranker',
      { inputs: [{ name: 'features', datatype: 'FP32', shape: [1, 3], data: [1, 2, 3] }] },
      400,
      'expects shape [-1, 2]',
    ],
    ['no body', 'ranker', '', 400, 'not JSON'],
    ['a body too large', 'ranker', ' '.repeat(20_001), 413, 'large'],
    ['an unknown model', 'nobody', features([1, 1]), 404, 'unknown'],
    ['an unknown version', 'ranker/versions/v9', features([1, 1]), 404, 'unknown'],
    ['a path that cannot be decoded', '%zz', features([1, 1]), 400, 'decode'],
    ['a model whose bytes were altered', 'altered', {}, 503, 'digest-mismatch'],
    ['a file that is no model', 'foreign', {}, 503, 'not-a-model'],
  ])('answers %s with an error that says so', async (_what, path, body, status, message) => {
    const answer = await infer(path, body);
    expect(answer).toEqual({ status, body: { error: expect.stringContaining(message) } });
  });

  it('answers 504 at the deadline, and 400 where that is no number', async () => {
    const late = await infer('loop', busy(300_000), { 'x-request-timeout-ms': '20' });
    expect(late).toMatchObject({ status: 504, body: { error: expect.stringContaining('deadline') } });
    const wrong = await infer('loop', busy(1), { 'x-request-timeout-ms': 'soon' });
    expect(wrong).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('x-request-timeout-ms') },
    });
  });

  it('refuses a compressed body that would unpack beyond the limit', async () => {
    const body = new Response(' '.repeat(5_000_000)).body?.pipeThrough(new CompressionStream('gzip'));
    const response = await fetch(`${runner.url}/v2/models/ranker/infer`, {
      method: 'POST',
      headers: { 'content-encoding': 'gzip' },
      body: await new Response(body).arrayBuffer(),
    });
    expect(response.status).toBe(413);
  });

  it('tells Prometheus of its models and answers', async () => {
    const metrics = await (await fetch(`${runner.url}/metrics`)).text();
    expect(metrics).toContain('switchyard_runner_models{status="ready"} 4');
    expect(metrics).toContain('switchyard_runner_models{status="failed"} 2');
    expect(metrics).toMatch(/requests_total\{route="\/v2\/models\/:model\/infer",status="200"\} \d/);
    expect(metrics).toMatch(/model_batch_requests_bucket\{le="1",model="ranker",version="v1"\} [1-9]/);
    expect(metrics).toMatch(/model_queue_seconds_count\{model="ranker",version="v1"\} [1-9]/);
  });

  it('goes on with its caller’s trace: the request, its wait for a thread and its run', async () => {
    const caller = `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01`;
    await infer('loop', busy(1), { traceparent: caller });
    const [root, queue, run] = await vi.waitFor(() => {
      const spans = collector.spans().filter(({ traceId }) => traceId === 'c'.repeat(32));
      expect(spans).toHaveLength(3);
      return ['POST /v2/models/:model/infer', 'queue', 'run'].map((name) =>
        spans.find((span) => span.name === name),
      );
    });
    expect(root).toMatchObject({
      parentSpanId: 'd'.repeat(16),
      attributes: { 'http.response.status_code': 200 },
      resource: { 'service.name': 'switchyard-runner' },
    });
    expect(queue).toMatchObject({ parentSpanId: root?.spanId });
    expect(run).toMatchObject({ parentSpanId: root?.spanId, attributes: { 'switchyard.batch.requests': 1 } });
    const text = await (
      await fetch(`${runner.url}/metrics`, { headers: { accept: 'application/openmetrics-text' } })
    ).text();
    expect(text).toMatch(/runner_inference_seconds_bucket\{.*model="loop".*\} 1 # \{trace_id="c{32}"\}/);
  });

  it('follows its repository, and serves on what it has when that is invalid', async () => {
    await repository.publish([v1, echo, { ...v2, version: 'v3' }]);
    await vi.waitFor(
      async () => expect(await get('/v2/models/ranker')).toMatchObject({ body: { versions: ['v1', 'v3'] } }),
      8_000,
    );
    expect(await get('/v2/models/ranker/versions/v2')).toMatchObject({ status: 404 });
    const measured = await (await fetch(`${runner.url}/metrics`)).text();
    expect(measured).not.toContain('version="v2"');
    await repository.write('{"models":[{}]}');
    await vi.waitFor(async () => {
      const metrics = await (await fetch(`${runner.url}/metrics`)).text();
      expect(metrics).toMatch(/repository_failures_total [1-9]/);
    }, 8_000);
    expect(await infer('ranker', features([1, 1]))).toMatchObject({
      status: 200,
      body: { model_version: 'v3' },
    });
  });

  it('finishes what it has begun before it ends on SIGTERM', async () => {
    const own = await TestRepository.create([loop]);
    const other = await RunnerProcess.ready({ MODEL_REPOSITORY: own.uri, CACHE_DIR: cache });
    const running = fetch(`${other.url}/v2/models/loop/infer`, {
      method: 'POST',
      body: JSON.stringify(busy(200_000)),
    });
    await vi.waitFor(async () => {
      const metrics = await (await fetch(`${other.url}/metrics`)).text();
      expect(metrics).toContain('switchyard_runner_models{status="ready"} 1');
    });
    const code = other.stop();
    expect((await running).status).toBe(200);
    expect(await code).toBe(0);
    await own.remove();
  });

  it('asks callers for its key, in the same way whatever they send', async () => {
    const key = 'a-key-of-the-runner';
    const own = await RunnerProcess.start({
      MODEL_REPOSITORY: repository.uri,
      CACHE_DIR: cache,
      RUNNER_API_KEY: key,
    });
    const status = async (authorization?: string) =>
      (await fetch(`${own.url}/v2`, { headers: authorization === undefined ? {} : { authorization } }))
        .status;
    expect(
      await Promise.all([status(), status('Bearer wrong'), status(key), status(`Bearer ${key}`)]),
    ).toEqual([401, 401, 401, 200]);
    expect((await fetch(`${own.url}/livez`)).status).toBe(200);
    await own.stop();
  });

  it('asks for no key where an ingress is said to check its callers, and never for both', () => {
    const open = { HOST: '0.0.0.0', MODEL_REPOSITORY: repository.uri, CALLERS_CHECKED_BY: 'ingress' };
    expect(readRunnerConfig(open)).toMatchObject({ config: { CALLERS_CHECKED_BY: 'ingress' } });
    expect(readRunnerConfig({ ...open, RUNNER_API_KEY: 'a-key-of-the-runner' })).toEqual({
      problems: [expect.stringMatching(/^CALLERS_CHECKED_BY must not be ingress beside a RUNNER_API_KEY/)],
    });
  });

  it('refuses to start on a wrong configuration and lists everything wrong with it', async () => {
    const main = new URL('../../../models/runner/main.ts', import.meta.url).pathname;
    const env = {
      PORT: '80x',
      HOST: '0.0.0.0',
      MODEL_REPOSITORY: 'ftp://x',
      LOG_LEVEL: 'loud',
      ONNX_WORKERS: '0',
    };
    const failed = promisify(execFile)(process.execPath, [main], { env });
    await expect(failed).rejects.toMatchObject({ code: 1, stdout: '' });
    const said = await failed.catch(({ stderr }) => String(stderr));
    for (const name of ['PORT', 'RUNNER_API_KEY', 'MODEL_REPOSITORY', 'LOG_LEVEL', 'ONNX_WORKERS'])
      expect(said).toContain(name);
  });
});
