import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import onnxProto from 'onnx-proto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Tensor } from '../../../models/codecs/tensor.ts';
import { inspectModel } from '../../../models/onnx/inspect-model.ts';
import type { LoadRequest } from '../../../models/onnx/loaded-model.ts';
import type { ModelProfile } from '../../../models/onnx/model-profile.ts';
import { OnnxPool, type OnnxPoolOptions } from '../../../models/onnx/onnx-pool.ts';
import type { EndedRun, OwnRun } from '../../../models/onnx/pool-infer-request.ts';
import { identityModel, linearModel, loopModel } from '../../support/onnx-models.ts';

const { DataType } = onnxProto.onnx.TensorProto;

let directory: string;
let pool: OnnxPool;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pool-'));
});
afterEach(async () => {
  await pool.close();
  await rm(directory, { recursive: true });
});

function open(options: Partial<OnnxPoolOptions> = {}): OnnxPool {
  pool = new OnnxPool({ workers: 1, ...options });
  return pool;
}

/** What a canary might have found; by default of a model that is neither batched nor run on the caller's thread. */
function profileOf(bytes: Uint8Array, found: Partial<ModelProfile> = {}): ModelProfile {
  const measured = {
    loadMs: 1,
    runMs: 1,
    rowMs: null,
    sampleElements: 1,
    bounded: false,
    sizeBytes: bytes.length,
  };
  return { signature: inspectModel(bytes), rows: 'dependent', ...measured, ...found };
}

async function load(
  model: string,
  bytes: Uint8Array,
  { found = {}, ...request }: Partial<LoadRequest> & { readonly found?: Partial<ModelProfile> } = {},
): Promise<void> {
  const path = join(directory, `${model}.onnx`);
  await writeFile(path, bytes);
  await pool.load({ model, version: 'v1', path, profile: profileOf(bytes, found), ...request });
}

const features = (...rows: number[][]): Tensor => ({
  name: 'features',
  datatype: 'FP32',
  shape: [rows.length, rows[0]?.length ?? 0],
  data: Float32Array.from(rows.flat()),
});
/** Keeps a worker busy for as long as `times` says. */
const busy = (times: bigint): Tensor[] => [
  { name: 'x', datatype: 'FP32', shape: [1], data: new Float32Array(1) },
  { name: 'times', datatype: 'INT64', shape: [], data: BigInt64Array.of(times) },
];
const A_WHILE = 100_000n;

describe('a pool of ONNX workers', () => {
  it('answers many requests at once, each with its own result', async () => {
    open({ workers: 2 });
    await load('ranker', linearModel([1, 10]));
    const asked = Array.from({ length: 200 }, (_, index) =>
      pool.infer({ model: 'ranker', version: 'v1', inputs: [features([index, 1], [0, index])] }),
    );
    const answers = await Promise.all(asked);
    expect(answers.map(([scores]) => [...(scores?.data ?? [])])).toEqual(
      Array.from({ length: 200 }, (_, index) => [index + 10, index * 10]),
    );
  });

  it('leaves the inputs to the caller, who may have to send them elsewhere', async () => {
    open();
    await load('ranker', linearModel([2]));
    const input = features([21]);
    await pool.infer({ model: 'ranker', version: 'v1', inputs: [input] });
    expect([...input.data]).toEqual([21]);
  });

  it.each([
    ['BYTES', DataType.STRING, ['', 'é😀', 'line\nbreak']],
    ['INT64', DataType.INT64, BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n)],
    ['FP16', DataType.FLOAT16, Uint16Array.of(0x3c00, 0xfbff)],
    ['BOOL', DataType.BOOL, Uint8Array.of(1, 0)],
  ] as const)('carries %s through a model unchanged', async (datatype, elemType, data) => {
    open();
    await load('echo', identityModel(elemType));
    const input = { name: 'x', datatype, shape: [data.length], data };
    const answer = await pool.infer({ model: 'echo', version: 'v1', inputs: [input] });
    expect(answer).toEqual([{ ...input, name: 'y' }]);
  });

  it('refuses text with a NUL, which the runtime would cut off there', async () => {
    open();
    await load('echo', identityModel(DataType.STRING));
    const input: Tensor = { name: 'x', datatype: 'BYTES', shape: [1], data: ['a\0b'] };
    await expect(pool.infer({ model: 'echo', version: 'v1', inputs: [input] })).rejects.toMatchObject({
      code: 'bad-input',
    });
  });

  it('refuses one request more than may wait, and goes on with the others', async () => {
    open();
    await load('loop', loopModel('input'), { serving: { queueLimit: 1 } });
    const ask = () => pool.infer({ model: 'loop', version: 'v1', inputs: busy(A_WHILE) });
    const [running, waiting] = [ask(), ask()];
    await expect(ask()).rejects.toMatchObject({ code: 'overloaded' });
    await expect(Promise.all([running, waiting])).resolves.toHaveLength(2);
  });

  it('takes a request whose client left out of the queue', async () => {
    open();
    await load('loop', loopModel('input'));
    const running = pool.infer({ model: 'loop', version: 'v1', inputs: busy(A_WHILE) });
    const client = new AbortController();
    const waiting = pool.infer({
      model: 'loop',
      version: 'v1',
      inputs: busy(A_WHILE),
      signal: client.signal,
    });
    expect(pool.queueLength).toBe(1);
    client.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    expect(pool.queueLength).toBe(0);
    await running;
  });

  it('answers at the deadline although the model is still at it', async () => {
    open();
    await load('loop', loopModel('input'));
    const signal = AbortSignal.timeout(20);
    const late = pool.infer({ model: 'loop', version: 'v1', inputs: busy(A_WHILE), signal });
    await expect(late).rejects.toMatchObject({ code: 'deadline' });
  });

  it('gives up a worker that a runaway holds, and serves the other models with a new one', async () => {
    const deaths: string[] = [];
    open({ stuckAfterMs: 300, onWorkerDeath: ({ code }) => deaths.push(code) });
    await load('loop', loopModel('input'));
    await load('ranker', linearModel([1]));
    const runaway = pool.infer({ model: 'loop', version: 'v1', inputs: busy(1_500_000n) });
    const behindIt = pool.infer({ model: 'loop', version: 'v1', inputs: busy(1n) });
    const other = pool.infer({ model: 'ranker', version: 'v1', inputs: [features([7])] });
    await expect(runaway).rejects.toMatchObject({ code: 'runaway' });
    await expect(behindIt).rejects.toMatchObject({ code: 'runaway' });
    await expect(other).resolves.toMatchObject([{ name: 'scores' }]);
    await expect(pool.infer({ model: 'loop', version: 'v1', inputs: busy(1n) })).rejects.toMatchObject({
      code: 'unknown-model',
    });
    expect(deaths).toEqual(['runaway']);
    expect(pool.abandonedThreads).toBe(1);
    await vi.waitFor(() => expect(pool.abandonedThreads).toBe(0), 15_000);
  });

  it('fails only what a dying thread was at, and replaces it by one that has every model', async () => {
    const deaths: string[] = [];
    open({ heapMiB: 24, onWorkerDeath: ({ code }) => deaths.push(code) });
    await load('echo', identityModel(DataType.STRING));
    await load('ranker', linearModel([3]));
    const count = 2_000_000;
    const tooMuch: Tensor = {
      name: 'x',
      datatype: 'BYTES',
      shape: [count],
      data: Array.from({ length: count }, (_, index) => `text ${index}`),
    };
    const dying = pool.infer({ model: 'echo', version: 'v1', inputs: [tooMuch] });
    const waiting = pool.infer({ model: 'ranker', version: 'v1', inputs: [features([2])] });
    await expect(dying).rejects.toMatchObject({ code: 'worker-died' });
    await expect(waiting).resolves.toMatchObject([{ data: Float32Array.of(6) }]);
    expect(deaths).toEqual(['worker-died']);
  });

  it('keeps running requests when their model is unloaded, and refuses new ones', async () => {
    open();
    await load('loop', loopModel('input'));
    const running = pool.infer({ model: 'loop', version: 'v1', inputs: busy(A_WHILE) });
    const unloaded = pool.unload('loop', 'v1');
    await expect(pool.infer({ model: 'loop', version: 'v1', inputs: busy(1n) })).rejects.toMatchObject({
      code: 'unknown-model',
    });
    await expect(running).resolves.toHaveLength(1);
    await unloaded;
  });

  it('answers what came while its only thread unloaded another model', async () => {
    open();
    await load('ranker', linearModel([1]));
    await load('other', linearModel([2]));
    const unloaded = pool.unload('other', 'v1');
    await new Promise(setImmediate);
    const answer = pool.infer({ model: 'ranker', version: 'v1', inputs: [features([7])] });
    await expect(answer).resolves.toMatchObject([{ data: Float32Array.of(7) }]);
    await unloaded;
  });

  it('loads nothing when a worker cannot load it', async () => {
    open({ workers: 2 });
    const path = join(directory, 'broken.onnx');
    await writeFile(path, 'no model');
    const profile = profileOf(linearModel([1]));
    await expect(pool.load({ model: 'broken', version: 'v1', path, profile })).rejects.toMatchObject({
      name: 'ModelError',
    });
    await expect(pool.infer({ model: 'broken', version: 'v1', inputs: [] })).rejects.toMatchObject({
      code: 'unknown-model',
    });
  });

  describe('that holds a model whose rows are independent', () => {
    const runs: EndedRun[] = [];
    const openBusy = async () => {
      runs.length = 0;
      open({ onRun: (run) => runs.push(run) });
      await load('loop', loopModel('input'));
      return pool.infer({ model: 'loop', version: 'v1', inputs: busy(A_WHILE) });
    };
    const own: OwnRun[] = [];
    const rank = (...rows: number[][]) =>
      pool.infer({
        model: 'ranker',
        version: 'v1',
        inputs: [features(...rows)],
        onRun: (run) => own.push(run),
      });

    it('runs together what came while it was busy, each request with its own rows', async () => {
      const running = openBusy();
      await vi.waitFor(() => expect(pool.queueLength).toBe(0));
      await load('ranker', linearModel([1, 10]), { found: { rows: 'independent' } });
      await running;
      const again = pool.infer({ model: 'loop', version: 'v1', inputs: busy(A_WHILE) });
      const answers = await Promise.all([rank([1, 0]), rank([0, 1], [2, 0]), rank([3, 3])]);
      await again;
      expect(answers.map(([scores]) => [...(scores?.data ?? [])])).toEqual([[1], [10, 2], [33]]);
      expect(answers.map(([scores]) => scores?.shape)).toEqual([[1], [2], [1]]);
      expect(runs.filter(({ model }) => model === 'ranker')).toMatchObject([{ requests: 3 }]);
      expect(own).toHaveLength(3);
      for (const { queuedAtMs, startedAtMs, endedAtMs, requests } of own) {
        expect(requests).toBe(3);
        expect(queuedAtMs).toBeLessThan(startedAtMs);
        expect(startedAtMs).toBeLessThan(endedAtMs);
      }
    });

    it('runs no more rows together than it may, nor inputs of different shapes', async () => {
      await openBusy();
      await load('echo', identityModel(DataType.FLOAT, ['n', 'm']), {
        found: { rows: 'independent' },
        serving: { maxBatchSize: 3 },
      });
      const echo = (rows: number, columns: number) =>
        pool.infer({
          model: 'echo',
          version: 'v1',
          inputs: [
            { name: 'x', datatype: 'FP32', shape: [rows, columns], data: new Float32Array(rows * columns) },
          ],
        });
      const again = pool.infer({ model: 'loop', version: 'v1', inputs: busy(A_WHILE) });
      await Promise.all([echo(2, 1), echo(2, 1), echo(1, 2), echo(1, 1), echo(5, 1)]);
      await again;
      const sizes = runs.filter(({ model }) => model === 'echo').map(({ requests }) => requests);
      expect(sizes).toEqual([2, 1, 1, 1]);
    });

    it('fails only the request that is wrong', async () => {
      await openBusy();
      await load('ranker', linearModel([1, 10]), { found: { rows: 'independent' } });
      const again = pool.infer({ model: 'loop', version: 'v1', inputs: busy(A_WHILE) });
      const lacking = {
        name: 'unknown',
        datatype: 'FP32',
        shape: [1, 2],
        data: new Float32Array(2),
      } as const;
      const outcomes = await Promise.allSettled([
        rank([1, 1]),
        pool.infer({ model: 'ranker', version: 'v1', inputs: [lacking] }),
        rank([2, 2]),
      ]);
      await again;
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    });
  });

  it('takes the smaller priority first, and those of one priority in the order in which they came', async () => {
    open();
    await load('loop', loopModel('input'));
    const order: string[] = [];
    const ask = async (name: string, priority?: number) => {
      await pool.infer({ model: 'loop', version: 'v1', inputs: busy(20_000n), priority });
      order.push(name);
    };
    await Promise.all([ask('first'), ask('second', 5), ask('third', 1), ask('fourth', 5), ask('fifth', 1)]);
    expect(order).toEqual(['first', 'third', 'fifth', 'second', 'fourth']);
  });

  it('runs in the background only while nobody else waits, and on one thread at a time', async () => {
    for (const workers of [1, 2]) {
      open({ workers });
      await load('loop', loopModel('input'));
      const order: string[] = [];
      const ask = async (name: string, background = false) => {
        await pool.infer({ model: 'loop', version: 'v1', inputs: busy(A_WHILE), background });
        order.push(name);
      };
      const first = ask('first');
      await Promise.all([ask('shadow', true), ask('other shadow', true), first, ask('second'), ask('third')]);
      const behind = workers === 1 ? ['shadow', 'other shadow'] : ['other shadow'];
      expect(order.slice(-behind.length)).toEqual(behind);
      await pool.close();
    }
  });

  it('takes a request out of the background whose client left', async () => {
    open();
    await load('loop', loopModel('input'));
    const running = pool.infer({ model: 'loop', version: 'v1', inputs: busy(A_WHILE) });
    const leave = new AbortController();
    const runs: unknown[] = [];
    const left = pool.infer({
      model: 'loop',
      version: 'v1',
      inputs: busy(1n),
      background: true,
      signal: leave.signal,
      onRun: (run) => runs.push(run),
    });
    leave.abort();
    await expect(left).rejects.toMatchObject({ code: 'cancelled' });
    await running;
    await pool.infer({ model: 'loop', version: 'v1', inputs: busy(1n) });
    expect(runs).toEqual([]);
  });

  it('lets a model that asks little have its turn before one that asks much', async () => {
    open();
    await load('loop', loopModel('input'));
    await load('other', loopModel('input'));
    const order: string[] = [];
    const ask = async (model: string) => {
      await pool.infer({ model, version: 'v1', inputs: busy(20_000n) });
      order.push(model);
    };
    await Promise.all([...Array.from({ length: 6 }, () => ask('loop')), ask('other')]);
    expect(order.indexOf('other')).toBeLessThan(3);
  });

  it('gives up a request that has waited as long as it or its model allows', async () => {
    open();
    await load('loop', loopModel('input'), { serving: { queueTimeoutMs: 30 } });
    const ask = (queueTimeoutMs?: number) =>
      pool.infer({ model: 'loop', version: 'v1', inputs: busy(A_WHILE * 2n), queueTimeoutMs });
    const running = ask();
    await expect(ask()).rejects.toMatchObject({
      code: 'overloaded',
      message: expect.stringContaining('30 ms'),
    });
    await expect(ask(5)).rejects.toMatchObject({ message: expect.stringContaining('5 ms') });
    await running;
  });

  it('runs the smallest models where the request is, and there only what is short', async () => {
    const runs: EndedRun[] = [];
    open({ onRun: (run) => runs.push(run) });
    await load('loop', loopModel('input'));
    await load('ranker', linearModel([1]), {
      found: { bounded: true, runMs: 0.01, rowMs: 0.001, rows: 'independent' },
    });
    const busyWorker = pool.infer({ model: 'loop', version: 'v1', inputs: busy(A_WHILE) });
    const rank = (rows: number) =>
      pool.infer({
        model: 'ranker',
        version: 'v1',
        inputs: [features(...Array.from({ length: rows }, () => [1]))],
      });
    await expect(rank(2)).resolves.toMatchObject([{ shape: [2] }]);
    expect(runs).toHaveLength(1);
    await rank(200);
    expect(runs.map(({ model }) => model)).toEqual(['ranker', 'loop', 'ranker']);
    await busyWorker;
  });

  it('serves on while a large model is loaded, with a thread that has all of them', async () => {
    open();
    await load('ranker', linearModel([1]));
    const loading = load('large', linearModel([2]), { found: { loadMs: 500 } });
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        pool.infer({ model: 'ranker', version: 'v1', inputs: [features([n])] }),
      ),
    );
    expect(answers).toHaveLength(50);
    await loading;
    for (const model of ['ranker', 'large'])
      await pool.infer({ model, version: 'v1', inputs: [features([1])] });
  });
});
