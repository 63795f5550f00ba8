import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
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
const REQUESTS = 1_000;
/** Of what takes the whole deadline. */
const SLOW_REQUESTS = 200;
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
  void socket.once('data', () => setTimeout(() => act(socket), 5));
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

/** The table of docs/faults.md: way → what is expected in each column. */
const TABLE = readFileSync('docs/faults.md', 'utf8')
  .split('\n')
  .filter((line) => /^\| (?!a target|---)/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, way = '', alone = '', twin = '', proxied = '']) => ({ way, alone, twin, proxied }));

let gateway: TestGateway;
let target: Server;
let twin: Upstream;
let secret: string;
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
    });
    await register(version, 'aws', url);
    await gateway.register('/endpoints', { key: version, defaultTarget: `${version}-aws` });
  }
  await register('doubled', 'gcp', twin.url);
  await register('pages', 'aws', url, 'http');
  await gateway.register('/endpoints', { key: 'pages', defaultTarget: 'pages-aws' });
});

afterAll(async () => {
  await gateway.stop();
  await twin.stop();
  target.close();
  for (const socket of sockets) socket.destroy();
});

interface Seen {
  readonly text: string;
  readonly tookMs: number;
}

/** One request on a connection of its own, told as the table tells it. A stream that goes on is left after a while. */
function ask(deadlineMs: number, path: string, { headers = '', body = '' } = {}): Promise<Seen> {
  return new Promise((resolve) => {
    const startedMs = performance.now();
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    let text = '';
    let received = 0;
    let leave = setTimeout(() => socket.destroy(), deadlineMs + 3 * GRACE_MS);
    socket.on('data', (chunk: Buffer) => {
      if (received === 0) {
        clearTimeout(leave);
        leave = setTimeout(() => socket.destroy(), STREAM_MS);
      }
      received += chunk.length;
      if (text.length < 4_096) text += chunk.toString('latin1');
    });
    socket.on('error', () => socket.destroy());
    let ended: 'they' | 'we' = 'we';
    socket.once('end', () => {
      ended = 'they';
    });
    socket.once('close', () => {
      clearTimeout(leave);
      resolve({ text: told(text, { received, ended }), tookMs: performance.now() - startedMs });
    });
    socket.write(
      `${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: ${secret}\r\nx-request-timeout-ms: ${deadlineMs}\r\n${headers}\r\n${body}`,
    );
  });
}

/** `502 target-failed`, `200`, `200, cut off` or `200, streamed`. */
function told(
  text: string,
  { received, ended }: { readonly received: number; readonly ended: string },
): string {
  const code = /^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 'nothing';
  const problem = /"code":"([a-z-]+)"/.exec(text)?.[1];
  if (problem !== undefined) return `${code} ${problem}`;
  const head = text.indexOf('\r\n\r\n') + 4;
  const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
  if (received - head >= length) return code;
  return ended === 'they' || received === head ? `${code}, cut off` : `${code}, streamed`;
}

const inferOn = (endpoint: string) => (deadlineMs: number) =>
  ask(deadlineMs, `POST /v2/models/${endpoint}/infer`, {
    headers: `content-length: ${INFER_BODY.length}\r\n`,
    body: INFER_BODY,
  });
const passThrough = (deadlineMs: number) => ask(deadlineMs, 'GET /v1/proxy/pages/x');

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

  it.each(TABLE)('$way holds, and nothing is left behind', async ({ way, alone, twin: doubled, proxied }) => {
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
  });
});
