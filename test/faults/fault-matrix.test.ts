import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Pool } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INFER_BODY } from '../support/ranking-endpoint.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

/** Of requests to a target that uses it up, and to one that does not. */
const SHORT_MS = 400;
const LONG_MS = 5_000;
/** What a request may take beyond its deadline on a busy machine. */
const GRACE_MS = 1_500;
/** How long a stream is listened to. */
const STREAM_MS = 300;
/** In each of the four columns: ten thousand of each way to fail. */
const REQUESTS = 2_500;
/** Of what takes the whole deadline. */
const SLOW_REQUESTS = 50;
/** As many as any target is asked at a time, however it fails; beyond that the answer is 503. */
const AT_ONCE = 8;
const GIGABYTE = 1_073_741_824;

interface Way {
  readonly times: number;
  readonly deadlineMs: number;
  readonly act: (socket: Socket) => void;
}

const OK = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';

/** Once the request is there, its body too: whoever hangs up earlier may take its own answer along. */
const after = (act: (socket: Socket) => void) => (socket: Socket) =>
  void socket.once('data', () => setImmediate(act, socket));
const status = (line: string, body: string) =>
  after((socket) =>
    socket.end(`HTTP/1.1 ${line}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`),
  );

const WAYS: Readonly<Record<string, Way>> = {
  'refuses connections': { times: REQUESTS, deadlineMs: LONG_MS, act: (socket) => socket.destroy() },
  'takes the request and never answers': { times: SLOW_REQUESTS, deadlineMs: SHORT_MS, act: () => undefined },
  'sends its headers and no body': {
    times: SLOW_REQUESTS,
    deadlineMs: SHORT_MS,
    act: after((socket) => socket.write(`${OK}content-length: 100\r\n\r\n`)),
  },
  'trickles its body': {
    times: SLOW_REQUESTS,
    deadlineMs: SHORT_MS,
    act: after((socket) => {
      socket.write(`${OK}content-length: 100000\r\n\r\n`);
      const timer = setInterval(() => socket.write(' '), 30);
      socket.once('close', () => clearInterval(timer));
    }),
  },
  'answers 500': { times: REQUESTS, deadlineMs: LONG_MS, act: status('500 Broken', '{"error": "it broke"}') },
  'answers 429': {
    times: REQUESTS,
    deadlineMs: LONG_MS,
    act: status('429 Slow Down', '{"error": "slow down"}'),
  },
  'resets in the middle of its body': {
    times: REQUESTS,
    deadlineMs: LONG_MS,
    act: after((socket) =>
      socket.write(`${OK}content-length: 100\r\n\r\n{"out`, () => socket.resetAndDestroy()),
    ),
  },
  'answers garbage': {
    times: REQUESTS,
    deadlineMs: LONG_MS,
    act: after((socket) => socket.end('\u0000\u0001garbage\r\n\r\n')),
  },
  'answers a gigabyte': {
    times: 20,
    deadlineMs: LONG_MS,
    act: after((socket) => {
      socket.write(`${OK}content-length: ${GIGABYTE}\r\n\r\n`);
      const piece = Buffer.alloc(1_048_576, ' ');
      const more = () => {
        while (!socket.destroyed && socket.write(piece));
      };
      socket.on('drain', more);
      more();
    }),
  },
  'calls our token expired': {
    times: REQUESTS,
    deadlineMs: LONG_MS,
    act: status('401 Unauthorized', '{"error": "token expired"}'),
  },
};

const SIGNATURE = {
  inputs: [{ name: 'budget_usd', datatype: 'FP32', shape: [-1] }],
  outputs: [{ name: 'score', datatype: 'FP32', shape: [-1] }],
};

/** The table of docs/faults.md: way → what is expected in each column. */
const TABLE = readFileSync('docs/faults.md', 'utf8')
  .split('\n')
  .filter((line) => /^\| (?!a target|---)/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, way = '', alone = '', twin = '', predicted = '', proxied = '']) => ({
    way,
    alone,
    twin,
    predicted,
    proxied,
  }));

let gateway: TestGateway;
let target: Server;
let twin: Upstream;
let secret: string;
let clients: Pool;
let act: (socket: Socket) => void = () => undefined;
const sockets = new Set<Socket>();

beforeAll(async () => {
  target = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).once('close', () => sockets.delete(socket));
    act(socket);
    socket.resume();
  }).listen(0, '127.0.0.1');
  await once(target, 'listening');
  const address = target.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  twin = await startUpstream(openInferenceAnswer(2));
  gateway = await startTestGateway({ SWITCHYARD_TARGET_T: 'a-token' });
  ({ secret } = await gateway.tenant('acme'));
  await gateway.register('/models', { key: 'ranker' });
  const register = async (version: string, cloud: string, to: string, kind = 'oip') => {
    const key = `${version}-${cloud}`;
    const place = { key, kind, cloud, region: 'r', url: to, apiKeyEnv: 'SWITCHYARD_TARGET_T' };
    await gateway.register('/targets', kind === 'http' ? place : { ...place, model: 'ranker', version });
  };
  for (const version of ['alone', 'doubled']) {
    await gateway.register('/models/ranker/versions', {
      version,
      sha256: 'a'.repeat(64),
      sizeBytes: 1,
      artifacts: ['s3://models/ranker'],
      signature: SIGNATURE,
    });
    await register(version, 'aws', url);
    await gateway.register('/endpoints', { key: version, defaultTarget: `${version}-aws` });
  }
  await register('doubled', 'gcp', twin.url);
  await register('pages', 'aws', url, 'http');
  await gateway.register('/endpoints', { key: 'pages', defaultTarget: 'pages-aws' });
  clients = new Pool(gateway.url, { connections: AT_ONCE, pipelining: 1 });
});

afterAll(async () => {
  await clients.close();
  await gateway.stop();
  await twin.stop();
  target.close();
  for (const socket of sockets) socket.destroy();
});

interface Seen {
  readonly text: string;
  readonly tookMs: number;
}

/** One request, told as the table tells it: `502 target-failed`, `200`, `200, cut off` or `200, streamed`. */
async function ask(deadlineMs: number, path: string, body: string | null): Promise<Seen> {
  const startedMs = performance.now();
  const answer = await clients.request({
    path,
    method: body === null ? 'GET' : 'POST',
    headers: { 'x-api-key': secret, 'x-request-timeout-ms': String(deadlineMs) },
    body,
    headersTimeout: deadlineMs + 3 * GRACE_MS,
  });
  const { text, end } = await listen(answer.body);
  const problem = /"code":"([a-z-]+)"/.exec(text)?.[1];
  const told = [answer.statusCode, problem].filter((part) => part !== undefined).join(' ');
  return { text: end === 'whole' ? told : `${told}, ${end}`, tookMs: performance.now() - startedMs };
}

/** The body as far as it comes; a stream that goes on is left after a while, as is one that brings nothing. */
async function listen(
  body: AsyncIterable<Buffer> & { destroy(): unknown },
): Promise<{ readonly text: string; readonly end: 'whole' | 'cut off' | 'streamed' }> {
  let text = '';
  let isLeft = false;
  const leave = setTimeout(() => {
    isLeft = true;
    body.destroy();
  }, STREAM_MS);
  try {
    for await (const chunk of body) if (text.length < 4_096) text += chunk.toString('latin1');
    return { text, end: 'whole' };
  } catch {
    return { text, end: isLeft && text !== '' ? 'streamed' : 'cut off' };
  } finally {
    clearTimeout(leave);
  }
}

const inferOn = (endpoint: string) => (deadlineMs: number) =>
  ask(deadlineMs, `/v2/models/${endpoint}/infer`, INFER_BODY);
const predict = (deadlineMs: number) => ask(deadlineMs, '/v1/models/alone:predict', '{"instances": [1, 2]}');
const passThrough = (deadlineMs: number) => ask(deadlineMs, '/v1/proxy/pages/x', null);

/** Asks so often, some at a time; answers how often each outcome was seen and how long the slowest took. */
async function repeat(times: number, once: () => Promise<Seen>) {
  const seen = new Map<string, number>();
  let slowestMs = 0;
  let left = times;
  const worker = async () => {
    while (left-- > 0) {
      const { text, tookMs } = await once();
      seen.set(text, (seen.get(text) ?? 0) + 1);
      slowestMs = Math.max(slowestMs, tookMs);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, times) }, worker));
  return { seen: [...seen.keys()], slowestMs };
}

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

describe('the documented outcome of a target that', () => {
  it('has a row for every way to fail', () => {
    expect(TABLE.map(({ way }) => way)).toEqual(Object.keys(WAYS));
  });

  it.each(TABLE)(
    '$way holds, and nothing is left behind',
    async ({ way, alone, twin: doubled, predicted, proxied }) => {
      const tried = WAYS[way];
      if (tried === undefined) throw new Error('there is no such way');
      const { times, deadlineMs } = tried;
      for (const socket of sockets) socket.destroy();
      act = tried.act;
      collectGarbage();
      const heapBefore = process.memoryUsage().heapUsed;
      for (const [expected, once] of [
        [alone, inferOn('alone')],
        [doubled, inferOn('doubled')],
        [predicted, predict],
        [proxied, passThrough],
      ] as const) {
        const { seen, slowestMs } = await repeat(times, () => once(deadlineMs));
        expect({ way, seen }).toEqual({ way, seen: [expected] });
        expect(slowestMs).toBeLessThan(deadlineMs + STREAM_MS + GRACE_MS);
      }
      for (const socket of sockets) socket.destroy();
      await expect.poll(() => sockets.size, { timeout: 5_000 }).toBe(0);
      collectGarbage();
      expect(process.memoryUsage().heapUsed - heapBefore).toBeLessThan(30_000_000);
    },
  );
});
