import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INFER_BODY, registerRanking } from '../support/ranking-endpoint.ts';
import { call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

const DEADLINE_MS = 500;
/** What a request may take beyond its deadline on a machine that is busy with other tests. */
const GRACE_MS = 750;

/** A TCP server that does to each connection what the test wants, and knows nothing of HTTP. */
interface RawTarget {
  readonly url: string;
  behave(handler: (socket: Socket) => void): void;
  stop(): void;
}

async function startRawTarget(): Promise<RawTarget> {
  let current: (socket: Socket) => void = () => undefined;
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    // The gateway hangs up on a target that is late: that is what is tested, not an error here.
    socket.on('error', () => socket.destroy()).once('close', () => sockets.delete(socket));
    socket.resume();
    current(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    behave: (handler) => {
      for (const socket of sockets) socket.destroy();
      current = handler;
    },
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

let gateway: TestGateway;
let hung: RawTarget;
let well: Upstream;
let secret: string;

beforeAll(async () => {
  hung = await startRawTarget();
  well = await startUpstream(openInferenceAnswer(2));
  gateway = await startTestGateway();
  await registerRanking(gateway, { aws: hung.url, gcp: well.url });
  await gateway.register('/targets', {
    key: 'alone',
    kind: 'http',
    cloud: 'aws',
    region: 'a',
    url: hung.url,
  });
  await gateway.register('/endpoints', { key: 'pages', defaultTarget: 'alone' });
  ({ secret } = await gateway.tenant('acme'));
});

afterAll(async () => {
  await gateway.stop();
  await well.stop();
  hung.stop();
});

const infer = () =>
  call(`${gateway.url}/v2/models/ranking/infer`, {
    method: 'POST',
    headers: { 'x-api-key': secret, 'x-request-timeout-ms': String(DEADLINE_MS) },
    body: INFER_BODY,
  });

const respond = (text: string) => (socket: Socket) => void socket.once('data', () => socket.write(text));
const OK = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';
const ANSWER = JSON.stringify({
  model_name: 'ranker',
  outputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }],
});

/** Writes a piece every few milliseconds for as long as the connection lasts. */
const drip = (head: string, piece: string, everyMs: number) => (socket: Socket) => {
  socket.once('data', () => {
    socket.write(head);
    const timer = setInterval(() => socket.write(piece), everyMs);
    socket.once('close', () => clearInterval(timer));
  });
};

const pour = (head: string) => (socket: Socket) => {
  socket.once('data', () => {
    socket.write(head);
    const megabyte = Buffer.alloc(1_048_576, ' ');
    const more = () => {
      while (!socket.destroyed && socket.write(megabyte));
    };
    socket.on('drain', more);
    more();
  });
};

const WAYS: readonly (readonly [string, (socket: Socket) => void])[] = [
  ['takes the request and never answers', () => undefined],
  ['hangs up at once', (socket) => socket.destroy()],
  ['hangs up after the request', (socket) => void socket.once('data', () => socket.destroy())],
  ['sends its headers and no body', respond(`${OK}content-length: 100\r\n\r\n`)],
  ['drips its headers', drip('HTTP/1.1 200 OK\r\n', 'x-a: b\r\n', 20)],
  ['drips its body', drip(`${OK}content-length: 1000\r\n\r\n{`, ' ', 20)],
  ['drips chunks for ever', drip(`${OK}transfer-encoding: chunked\r\n\r\n`, '1\r\n{\r\n', 20)],
  ['answers 100 for ever', drip('', 'HTTP/1.1 100 Continue\r\n\r\n', 20)],
  ['answers garbage', respond('\u0000\u0001garbage\r\n\r\n')],
  ['answers another protocol', respond('SSH-2.0-OpenSSH_9.9\r\n')],
  ['answers a body that is no JSON', respond(`${OK}content-length: 7\r\n\r\n<html/>`)],
  [
    'closes in the middle of its body',
    (socket) => void socket.once('data', () => socket.end(`${OK}content-length: 100\r\n\r\n{"out`)),
  ],
  [
    'closes in the middle of a chunk',
    (socket) =>
      void socket.once('data', () => socket.end(`${OK}transfer-encoding: chunked\r\n\r\nff\r\n{"out`)),
  ],
  ['announces an enormous body', respond(`${OK}content-length: 99999999999999\r\n\r\n{`)],
  ['pours an enormous body', pour(`${OK}content-length: 99999999999\r\n\r\n{`)],
  ['pours without an end', pour(`${OK}transfer-encoding: chunked\r\n\r\nffffffff\r\n{`)],
  [
    'sends headers without end',
    drip('HTTP/1.1 200 OK\r\n', `x-${'a'.repeat(60)}: ${'b'.repeat(4_000)}\r\n`, 1),
  ],
];

async function timed<T>(work: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  const result = await work();
  expect(performance.now() - startedMs).toBeLessThan(DEADLINE_MS + GRACE_MS);
  return result;
}

/** A breaker that is open lets one request a second try. */
async function expectServedBy(target: string): Promise<void> {
  const served = async () => (await infer()).headers.get('x-switchyard-target');
  await expect.poll(served, { timeout: 5_000, interval: 200 }).toBe(target);
}

/** A target that answers again is asked again. */
async function expectRecovered(): Promise<void> {
  hung.behave(respond(`${OK}content-length: ${ANSWER.length}\r\nconnection: close\r\n\r\n${ANSWER}`));
  await expectServedBy('ranker-v1-aws');
}

describe('a target that', () => {
  it.each(WAYS)(
    '%s costs no more than the deadline: its twin answers, and it is taken up again',
    async (_what, way) => {
      hung.behave(way);
      for (let index = 0; index < 7; index++) {
        const answer = await timed(infer);
        expect(answer.status).toBe(200);
        expect(answer.headers.get('x-switchyard-target')).toBe('ranker-v1-gcp');
      }
      await expectRecovered();
    },
  );

  it.each(
    WAYS.filter(
      ([what]) => /never answers|hangs up|headers|garbage|protocol|100/.test(what) && !/no body/.test(what),
    ),
  )('%s makes a named problem of a proxied request, within the deadline', async (_what, way) => {
    hung.behave(way);
    const answer = await timed(() =>
      call(`${gateway.url}/v1/proxy/pages/x`, {
        headers: { 'x-api-key': secret, 'x-request-timeout-ms': String(DEADLINE_MS) },
      }),
    );
    expect([502, 504]).toContain(answer.status);
    expect(['target-failed', 'deadline-exceeded']).toContain(answer.body.code);
  });

  it('hangs with its twin costs no more than the deadline for any of many requests', async () => {
    hung.behave(() => undefined);
    well.behave(() => undefined);
    const answers = await timed(() => Promise.all(Array.from({ length: 50 }, infer)));
    // Those for whom there was no place any more are told at once, and when to come back.
    const shed = answers.filter(({ status }) => status === 503);
    for (const { body, headers } of shed) {
      expect({ code: body.code, retryAfter: headers.get('retry-after') }).toEqual({
        code: 'overloaded',
        retryAfter: '1',
      });
    }
    const waited = answers.filter((answer) => !shed.includes(answer));
    expect(new Set(waited.map(({ status }) => status))).toEqual(new Set([504]));
    well.behave(openInferenceAnswer(2));
    await expectServedBy('ranker-v1-gcp');
    await expectRecovered();
  });
});

describe('a target whose process stands still', () => {
  it('gives way to its twin, and comes back when it goes on', async () => {
    const script = `require('node:http').createServer((request, response) => {
      request.resume().on('end', () => response.setHeader('content-type', 'application/json').end(${JSON.stringify(ANSWER)}));
    }).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [port] = await once(createInterface({ input: child.stdout }), 'line');
      const current = await gateway.admin('GET', '/targets/ranker-v1-aws');
      const { revision: _revision, createdAt: _created, updatedAt: _updated, ...target } = current.body;
      const moved = { ...target, url: `http://127.0.0.1:${port}` };
      expect(await gateway.admin('PUT', '/targets/ranker-v1-aws', moved, { 'if-match': '*' })).toMatchObject({
        status: 200,
      });
      const served = async () => (await timed(infer)).headers.get('x-switchyard-target');
      await expect.poll(served, { timeout: 5_000 }).toBe('ranker-v1-aws');
      child.kill('SIGSTOP');
      for (let index = 0; index < 7; index++) expect(await served()).toBe('ranker-v1-gcp');
      child.kill('SIGCONT');
      await expect.poll(served, { timeout: 5_000, interval: 200 }).toBe('ranker-v1-aws');
    } finally {
      child.kill('SIGKILL');
    }
  });
});
