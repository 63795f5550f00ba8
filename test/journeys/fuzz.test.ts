import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PROBLEMS } from '../../gateway/problems.ts';
import { randomFrom } from '../../models/samples/random.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';
import { rankingExperiment, registerRanking } from '../support/ranking-endpoint.ts';
import { exchange } from '../support/raw-http.ts';
import { ADMIN_KEY, adminClient, call } from '../support/test-gateway.ts';
import { openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

const SEED = 20_261_124;
const REQUESTS = 10_000;
const AT_ONCE = 64;
/** Deadline that the gateway itself sets, and how long each whole request may take at most. */
const REQUEST_TIMEOUT_MS = 500;
const BOUND_MS = 2_000;

const manifest = JSON.parse(readFileSync('models/samples/movie-ranker/manifest.json', 'utf8'));

let directory: string;
let upstream: Upstream;
let gateway: GatewayProcess;
let secret: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'switchyard-'));
  upstream = await startUpstream(openInferenceAnswer(1));
  gateway = await startGatewayProcess({
    DATA_DIR: directory,
    ADMIN_API_KEY: ADMIN_KEY,
    REQUEST_TIMEOUT_MS: String(REQUEST_TIMEOUT_MS),
  });
  const client = adminClient(gateway.url);
  await registerRanking(client, { aws: upstream.url, gcp: upstream.url });
  await client.register('/experiments', rankingExperiment({ audience: { 'device.kind': { $ne: 'bot' } } }));
  await client.register('/experiments/ranker-v2/start', {});
  const [{ sha256, sizeBytes }] = manifest.versions;
  const artifact = pathToFileURL('models/samples/movie-ranker/v1/model.onnx').href;
  await client.register('/models', { key: 'movie-ranker' });
  await client.register('/models/movie-ranker/versions', {
    version: 'v1',
    sha256,
    sizeBytes,
    artifacts: [artifact],
  });
  const here = { cloud: 'local', region: 'here' };
  await client.register('/targets', {
    ...here,
    key: 'in-process',
    kind: 'onnx',
    model: 'movie-ranker',
    version: 'v1',
  });
  await client.register('/targets', { ...here, key: 'pages', kind: 'http', url: upstream.url });
  await client.register('/endpoints', { key: 'movies', defaultTarget: 'in-process' });
  await client.register('/endpoints', { key: 'pages', defaultTarget: 'pages' });
  ({ secret } = await client.tenant('acme'));
  const ready = async () =>
    (await call(`${gateway.url}/v2/models/movies`, { headers: { 'x-api-key': secret } })).status;
  await vi.waitUntil(async () => (await ready()) === 200, { timeout: 20_000, interval: 50 });
}, 60_000);

afterAll(async () => {
  await gateway.end('SIGKILL');
  await upstream.stop();
  await rm(directory, { recursive: true, force: true });
});

type Random = () => number;
const below = (random: Random, limit: number) => Math.floor(random() * limit);
const pick = <T>(random: Random, items: readonly T[]): T => items[below(random, items.length)] as T;
const noise = (random: Random, length: number) =>
  Buffer.from(Array.from({ length }, () => below(random, 256)));

const METHODS = [
  'POST',
  'POST',
  'POST',
  'GET',
  'PUT',
  'DELETE',
  'PATCH',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'PROPFIND',
  'get',
  'P OST',
  '',
];
const PATHS = [
  '/v2/models/ranking/infer',
  '/v2/models/movies/infer',
  '/v2/models/pages/infer',
  '/v1/proxy/pages/a/b',
  '/v1/proxy/pages',
  '/v1/proxy/ranking/x',
  '/v1/outcomes',
  '/v2/models/movies',
  '/v2/models/ranking/ready',
  '/v2',
  '/livez',
  '/readyz',
  '/openapi.json',
  '/admin/v1/tenants',
  '*',
  'http://elsewhere.example/v1/proxy/pages/x',
];
const PATH_PARTS = [
  '%',
  '%zz',
  '%00',
  '%2e%2e/',
  '../',
  '//',
  '\\',
  '?',
  '?a=%',
  '#',
  ';',
  ':',
  '%C0%AF',
  '%ff',
  '__proto__',
  'constructor',
  '{',
  '*',
  '\u00e9',
  '\t',
  'a'.repeat(9_000),
];

/** Requests that are well-formed, which the mutations below are made from. */
const BODIES = [
  '{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1]}]}',
  '{"id":"1","parameters":{"unit_id":"u1","context.device":{"kind":"tv"}},"inputs":[{"name":"genre","datatype":"BYTES","shape":[2],"data":["Drama",""]},{"name":"mpaa","datatype":"BYTES","shape":[2],"data":["R","PG"]}],"outputs":[{"name":"score"}]}',
  '{"inputs":[{"name":"genre","datatype":"BYTES","shape":[1],"data":["Drama"]},{"name":"mpaa","datatype":"BYTES","shape":[1],"data":["R"]}]}',
  '{"outcomes":[{"id":"o1","event":"click","unit":"user","unitId":"u1","value":1}]}',
];
const JSON_PARTS = [
  'null',
  'true',
  '1e999',
  '-0',
  '123456789012345678901234567890',
  '"\\ud800"',
  '"\\u0000"',
  '[]',
  '{}',
  '[[[[1]]]]',
  '"__proto__"',
  '{"__proto__":{"x":1}}',
  '{"constructor":{"prototype":{}}}',
  '-1',
  '0.1',
  '"BYTES"',
  '"INT64"',
  '[-1]',
  '[9007199254740993]',
  '[1e10,1e10]',
  '[0]',
  'NaN',
  '"unit_id"',
  '"parameters"',
];
const WHOLE_BODIES = [
  '',
  'null',
  '[]',
  '0',
  '"x"',
  '{',
  '['.repeat(100_000),
  '{"a":'.repeat(100_000),
  `{"parameters":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
  `{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":${'['.repeat(100_000)}1${']'.repeat(100_000)}}]}`,
  `{"parameters":{"unit_id":${'9'.repeat(10_000)}},"inputs":[]}`,
  `{"inputs":[{"name":"x","datatype":"FP32","shape":[4294967296,4294967296],"data":[]}]}`,
  `{"inputs":[{"name":"x","datatype":"FP32","shape":[${'1,'.repeat(10_000)}1],"data":[1]}]}`,
  `{"parameters":{"unit_id":"${'u'.repeat(100_000)}","context.__proto__":{"tenant":{}}},"inputs":[]}`,
  '{"inputs":[{"__proto__":1,"name":"toString","datatype":"constructor","shape":["1"],"data":{"length":1}}]}',
  '\ufeff{"inputs":[]}',
  '{"inputs":[],"inputs":[]}',
  '{"parameters":{"unit_id":"u1"},"inputs":[]} x',
];

/** A valid body, with some of it cut, replaced or turned to noise. */
function mutated(random: Random, body: string): Buffer {
  let bytes = Buffer.from(body);
  for (let changes = below(random, 4); changes > 0; changes--) {
    const from = below(random, bytes.length + 1);
    const to = Math.min(bytes.length, from + below(random, 12));
    const part = random() < 0.7 ? Buffer.from(pick(random, JSON_PARTS)) : noise(random, below(random, 6));
    bytes = Buffer.concat([bytes.subarray(0, from), part, bytes.subarray(to)]);
  }
  return random() < 0.1 ? bytes.subarray(0, below(random, bytes.length + 1)) : bytes;
}

/** One of the values of the first JSON value in it replaced, so that it stays JSON and means something else. */
function misshapen(random: Random, body: string): Buffer {
  const values = [...body.matchAll(/"[^"]*"|\[[^[\]]*\]|-?\d+/g)];
  const { index = 0, 0: text = '' } = pick(random, values);
  return Buffer.from(body.slice(0, index) + pick(random, JSON_PARTS) + body.slice(index + text.length));
}

function bodyOf(random: Random): Buffer {
  const kind = random();
  if (kind < 0.03) return Buffer.from(pick(random, WHOLE_BODIES));
  if (kind < 0.08) return noise(random, below(random, 500));
  if (kind < 0.45) return misshapen(random, pick(random, BODIES));
  return mutated(random, pick(random, BODIES));
}

const HEADER_NAMES = [
  'content-type',
  'x-switchyard-unit',
  'x-switchyard-context',
  'x-request-timeout-ms',
  'traceparent',
  'accept',
  'expect',
  'connection',
  'upgrade',
  'content-encoding',
  'x-api-key',
  'authorization',
  'inference-header-content-length',
  'host',
  'cookie',
  'te',
  'trailer',
  'range',
  'if-none-match',
  'x-forwarded-for',
  '__proto__',
  'x-\u00e9',
];
const HEADER_VALUES = [
  '',
  'u1',
  '-1',
  '0',
  '0.001',
  '1e309',
  'NaN',
  'application/json',
  'text/plain; charset=x',
  'e30',
  'eyJ0ZW5hbnQiOnsicGxhbiI6InBybyJ9fQ',
  'bnVsbA',
  'W10',
  '!!!',
  '100-continue',
  'close',
  'close, host, content-length',
  'websocket',
  'gzip',
  'Bearer',
  'Bearer x y',
  'x'.repeat(8_000),
  '\u00e9\u00ff',
  '%00',
  'a\tb',
  '{"a":1}',
  Buffer.from('['.repeat(3_000)).toString('base64url'),
];

function headersOf(random: Random): string[] {
  const lines = random() < 0.97 ? [`x-api-key: ${secret}`] : [];
  for (let count = below(random, 4); count > 0; count--) {
    lines.push(`${pick(random, HEADER_NAMES)}: ${pick(random, HEADER_VALUES)}`);
  }
  return lines;
}

interface Framed {
  readonly header: string;
  readonly bytes: Buffer;
  /** Whether the server has all that was announced: if not, it may wait for the rest. */
  readonly whole: boolean;
}

/** How the body is framed: nearly always right, and sometimes a lie. */
function framed(random: Random, body: Buffer): Framed {
  const kind = random();
  if (kind < 0.92) return { header: `content-length: ${body.length}`, bytes: body, whole: true };
  if (kind < 0.97) {
    const head = Buffer.from(`${body.length.toString(16)}\r\n`);
    const last = body.length === 0 ? '\r\n' : '\r\n0\r\n\r\n';
    const bytes = Buffer.concat([head, body, Buffer.from(last)]);
    return { header: 'transfer-encoding: chunked', bytes, whole: true };
  }
  const lies = [body.length - 1, -1, 1e20, '0x10', 'abc', `${body.length}, ${body.length}`, 99_999_999];
  return { header: `content-length: ${pick(random, lies)}`, bytes: body, whole: false };
}

function requestOf(random: Random): Pick<Framed, 'bytes' | 'whole'> {
  const method = random() < 0.85 ? 'POST' : pick(random, METHODS);
  let path = random() < 0.85 ? pick(random, PATHS.slice(0, 7)) : pick(random, PATHS);
  if (random() < 0.15) {
    const at = below(random, path.length);
    path = path.slice(0, at) + pick(random, PATH_PARTS) + path.slice(at);
  }
  const { header, bytes, whole } = framed(random, bodyOf(random));
  if (random() < 0.005) return { bytes: noise(random, 200), whole: false };
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'host: gateway',
    ...headersOf(random),
    header,
    'connection: close',
  ];
  return { bytes: Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), bytes]), whole };
}

/** What is wrong with an answer; null when nothing is. */
function faultOf(answer: string): string | null {
  if (answer === '') return null; // closed without a word: the request was not HTTP, or not whole
  const [head = '', body = ''] = answer.split(/\r\n\r\n([\s\S]*)/);
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
  if (Number.isNaN(status)) return 'no status line';
  if (status < 500) return null;
  if (!/content-type: application\/problem\+json/i.test(head)) return `${status} without a problem`;
  const code: unknown = JSON.parse(/\{[\s\S]*\}/.exec(body)?.[0] ?? '{}').code;
  if (typeof code !== 'string' || !(code in PROBLEMS)) return `${status} with the code ${String(code)}`;
  return code === 'internal-error' ? 'internal-error' : null;
}

describe('the data plane', () => {
  it(`answers ${REQUESTS} malformed requests without a crash, a hang or an unnamed error`, async () => {
    const random = randomFrom(SEED);
    const faults: string[] = [];
    const statuses = new Map<string, number>();
    let next = 0;
    const worker = async () => {
      while (next < REQUESTS) {
        const number = next++;
        const { bytes, whole } = requestOf(random);
        const startedMs = performance.now();
        const answer = await exchange(gateway.url, bytes, whole ? BOUND_MS : 100);
        const status = answer.slice(9, 12) || 'closed';
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        const late =
          whole && performance.now() - startedMs >= BOUND_MS ? 'neither answered nor closed' : null;
        const fault = late ?? faultOf(answer);
        if (fault !== null) faults.push(`${number}: ${fault}: ${bytes.toString('latin1').slice(0, 600)}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    expect(faults.slice(0, 5), `${faults.length} faults`).toEqual([]);
    expect(await call(`${gateway.url}/livez`)).toMatchObject({ status: 200 });
    const errors = gateway.lines.filter((line) => /"level":(50|60)/.test(line));
    expect(errors.slice(0, 3)).toEqual([]);
    // The requests are worth something: a good part of them is answered, and a good part refused.
    expect(statuses.get('200') ?? 0).toBeGreaterThan(REQUESTS / 10);
    expect(statuses.get('400') ?? 0).toBeGreaterThan(REQUESTS / 10);
    const body = '{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1]}]}';
    const headers = { 'x-api-key': secret, 'x-switchyard-unit': 'u1' };
    const still = await call(`${gateway.url}/v2/models/ranking/infer`, { method: 'POST', headers, body });
    expect(still.status).toBe(200);
  }, 60_000);
});
