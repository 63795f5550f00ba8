import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { exchange } from '../support/raw-http.ts';
import { readSpool } from '../support/spool.ts';
import { call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { failWith, hang, openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

let gateway: TestGateway;
let aws: Upstream;
let gcp: Upstream;
let secret: string;

const hello = (_request: IncomingMessage, response: ServerResponse) => void response.end('hello');

beforeAll(async () => {
  aws = await startUpstream(hello);
  gcp = await startUpstream(hello);
  gateway = await startTestGateway({ SWITCHYARD_TARGET_PAGES: 'token-of-the-pages' });
  ({ secret } = await gateway.tenant('acme'));
  await gateway.register('/models', { key: 'pages' });
  for (const version of ['v1', 'v2', 'v3', 'v4']) {
    await gateway.register('/models/pages/versions', {
      version,
      sha256: 'a'.repeat(64),
      sizeBytes: 1,
      artifacts: ['s3://models/pages'],
    });
  }
  const labelled = { kind: 'http', model: 'pages', version: 'v1', apiKeyEnv: 'SWITCHYARD_TARGET_PAGES' };
  await gateway.register('/targets', {
    ...labelled,
    key: 'pages-aws',
    cloud: 'aws',
    region: 'a',
    url: aws.url,
  });
  await gateway.register('/targets', {
    ...labelled,
    key: 'pages-gcp',
    cloud: 'gcp',
    region: 'g',
    url: gcp.url,
  });
  const plain = { kind: 'http', cloud: 'local', region: 'here' };
  await gateway.register('/targets', { ...plain, key: 'below', url: `${aws.url}/base/` });
  await gateway.register('/targets', { ...plain, key: 'dead', url: 'http://127.0.0.1:1' });
  for (const [version, key, url] of [
    ['v3', 'lost', 'http://127.0.0.1:1'],
    ['v4', 'busy', aws.url],
  ] as const) {
    const place = { kind: 'http', model: 'pages', version };
    await gateway.register('/targets', { ...place, key, cloud: 'aws', region: 'a', url });
    await gateway.register('/targets', {
      ...place,
      key: `${key}-twin`,
      cloud: 'gcp',
      region: 'g',
      url: gcp.url,
    });
  }
  await gateway.register('/targets', {
    key: 'model',
    kind: 'oip',
    model: 'pages',
    version: 'v2',
    cloud: 'aws',
    region: 'a',
    url: aws.url,
  });
  for (const [key, defaultTarget] of Object.entries({
    pages: 'pages-aws',
    below: 'below',
    dead: 'dead',
    model: 'model',
    tested: 'pages-aws',
    lost: 'lost',
    busy: 'busy',
  })) {
    await gateway.register('/endpoints', { key, defaultTarget });
  }
  await gateway.register('/experiments', {
    key: 'new-pages',
    endpoint: 'tested',
    unit: 'user',
    variants: [
      { key: 'control', weight: 0, target: 'pages-aws' },
      { key: 'treatment', weight: 10_000, target: 'pages-gcp' },
    ],
  });
  await gateway.register('/experiments/new-pages/start', {});
});

afterAll(async () => {
  await gateway.stop();
  await Promise.all([aws.stop(), gcp.stop()]);
});

afterEach(() => {
  for (const upstream of [aws, gcp]) {
    upstream.behave(hello);
    upstream.requests.length = 0;
  }
});

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: Readable | Buffer;
}

/** One request exactly as given: no client in between tidies the path. */
async function send(path: string, { method = 'GET', headers = {}, body = Buffer.alloc(0) }: Sent = {}) {
  const { hostname, port } = new URL(gateway.url);
  const outgoing = request({ hostname, port, path, method, headers: { 'x-api-key': secret, ...headers } });
  if (body instanceof Readable) body.pipe(outgoing);
  else outgoing.end(body);
  const [response]: IncomingMessage[] = await once(outgoing, 'response');
  if (response === undefined) throw new Error('no response');
  return { status: response.statusCode, headers: response.headers, body: await buffer(response) };
}

const problemOf = ({ body }: { body: Buffer }) => JSON.parse(body.toString('utf8'));

describe('a proxied request', () => {
  it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])(
    'keeps its method: %s',
    async (method) => {
      const answer = await send('/v1/proxy/pages/x', { method });
      expect(answer).toMatchObject({ status: 200, body: Buffer.from(method === 'HEAD' ? '' : 'hello') });
      expect(aws.requests).toMatchObject([{ method, url: '/x' }]);
    },
  );

  it.each([
    ['/v1/proxy/pages', '/'],
    ['/v1/proxy/pages/', '/'],
    ['/v1/proxy/pages?a=1', '/?a=1'],
    [
      '/v1/proxy/pages/a%2Fb//c;v=1/%E2%82%AC?q=a%20b&q=2&empty=&%00',
      '/a%2Fb//c;v=1/%E2%82%AC?q=a%20b&q=2&empty=&%00',
    ],
    ['/v1/proxy/pages//evil.example/x', '//evil.example/x'],
    ['/v1/proxy/pages/x?next=/../y', '/x?next=/../y'],
    ['/v1/proxy/pages/..x/...', '/..x/...'],
    ['/v1/proxy/below/x?y', '/base/x?y'],
    ['/v1/proxy/below', '/base/'],
  ])('keeps its path as it was sent: %s', async (path, expected) => {
    expect(await send(path)).toMatchObject({ status: 200 });
    expect(aws.requests.map(({ url }) => url)).toEqual([expected]);
  });

  it('may name the gateway in full, as RFC 9112 (3.2.2) has it', async () => {
    expect(await send(`${gateway.url}/v1/proxy/pages/x?y`)).toMatchObject({ status: 200 });
    expect(aws.requests.map(({ url }) => url)).toEqual(['/x?y']);
  });

  it.each([
    '/../x',
    '/x/..',
    '/./x',
    '/%2e%2e/x',
    '/a/.%2E/x',
    '/a\\..\\x',
    '/..%2fx',
    '/a%2f..%5Cx',
    '/%2e',
    '/%zz',
  ])('cannot climb out of the target: %s', async (path) => {
    const answer = await send(`/v1/proxy/below${path}`);
    expect(answer.status).toBe(400);
    expect(problemOf(answer).code).toBe('invalid-request');
    expect(aws.requests).toEqual([]);
  });

  it('is passed on byte for byte, at any size, with its length or in chunks', async () => {
    const large = randomBytes(20_000_000);
    for (const chunked of [false, true]) {
      const sent = chunked ? { body: Readable.from([large]) } : { body: large };
      await send('/v1/proxy/pages/x', {
        method: 'POST',
        ...sent,
        headers: chunked ? {} : { 'content-length': String(large.length) },
      });
      const received = aws.requests.at(-1);
      expect(received?.bytes.equals(large)).toBe(true);
      expect(received?.headers[chunked ? 'transfer-encoding' : 'content-length']).toBe(
        chunked ? 'chunked' : String(large.length),
      );
      expect(received?.headers[chunked ? 'content-length' : 'transfer-encoding']).toBeUndefined();
    }
    const json = Buffer.from('{ "id":12345678901234567890, "x":1.0e400,"é":"\\u00e9" }');
    await send('/v1/proxy/pages/x', {
      method: 'PUT',
      body: json,
      headers: { 'content-type': 'application/json' },
    });
    expect(aws.requests.at(-1)?.bytes.equals(json)).toBe(true);
  });

  it("carries the target's credential and nobody else's, and nothing of the client's connection", async () => {
    await send('/v1/proxy/pages/x', {
      headers: {
        authorization: `Bearer ${secret}`,
        connection: 'close, x-of-this-hop',
        cookie: 'theme=dark',
        forwarded: 'for=1.2.3.4',
        'proxy-authorization': 'Basic eDp5',
        te: 'trailers',
        'x-forwarded-for': '1.2.3.4',
        'x-forwarded-host': 'evil.example',
        'x-of-this-hop': 'yes',
        'x-request-id': 'mine',
        'x-request-timeout-ms': '5000',
        'x-switchyard-unit': 'u1',
      },
    });
    const headers = aws.requests[0]?.headers ?? {};
    expect(headers).toMatchObject({
      authorization: 'Bearer token-of-the-pages',
      cookie: 'theme=dark',
      host: new URL(aws.url).host,
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': new URL(gateway.url).host,
      'x-forwarded-proto': 'http',
      'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    const kept = ['authorization', 'connection', 'cookie', 'host'];
    const added = ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-request-id'];
    expect(Object.keys(headers).sort()).toEqual([...kept, ...added]);
    await send('/v1/proxy/below/x', { headers: { authorization: `Bearer ${secret}` } });
    expect(aws.requests[1]?.headers.authorization).toBeUndefined();
  });
});

describe('a proxied answer', () => {
  it("keeps the target's status and headers, save what is the gateway's or its connection's", async () => {
    aws.behave((_request, response) => {
      response.writeHead(302, 'Over There', {
        location: '/elsewhere',
        'set-cookie': ['a=1', 'b=2'],
        'content-type': 'text/x-own',
        connection: 'keep-alive, x-of-this-hop',
        'proxy-authenticate': 'Basic',
        'x-of-this-hop': 'yes',
        'x-request-id': 'forged',
        'x-switchyard-variant': 'forged',
        'x-switchyard-anything': 'forged',
      });
      response.end('moved');
    });
    const { status, headers, body } = await send('/v1/proxy/pages/x');
    expect({ status, body: body.toString() }).toEqual({ status: 302, body: 'moved' });
    expect(headers).toMatchObject({
      location: '/elsewhere',
      'set-cookie': ['a=1', 'b=2'],
      'content-type': 'text/x-own',
      'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'x-switchyard-target': 'pages-aws',
      'x-switchyard-model': 'pages/v1',
    });
    for (const name of [
      'proxy-authenticate',
      'x-of-this-hop',
      'x-switchyard-variant',
      'x-switchyard-anything',
    ]) {
      expect(headers).not.toHaveProperty(name);
    }
  });

  it('ends the connection where the client asked for that, and keeps it where not', async () => {
    const head = `GET /v1/proxy/pages/x HTTP/1.1\r\nhost: x\r\nx-api-key: ${secret}\r\n`;
    const closing = await exchange(gateway.url, `${head}connection: close\r\n\r\n`, 2_000);
    expect(closing).toMatch(/\r\nconnection: close\r\n/i);
    const both = await exchange(gateway.url, `${head}\r\n${head}connection: close\r\n\r\n`, 2_000);
    expect(both.match(/HTTP\/1\.1 200 /g)).toHaveLength(2);
    expect(both).toMatch(/\r\nconnection: keep-alive\r\n/i);
  });

  it('arrives piece by piece, as it is written', async () => {
    let write: (text: string) => void = () => undefined;
    let end = () => undefined as unknown;
    aws.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      write = (text) => void response.write(text);
      end = () => response.end();
    });
    const response = await fetch(`${gateway.url}/v1/proxy/pages/events`, {
      headers: { 'x-api-key': secret },
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    for (const event of ['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n']) {
      write(event);
      expect(await reader?.read()).toEqual({ done: false, value: event });
    }
    end();
    expect(await reader?.read()).toMatchObject({ done: true });
  });

  it('keeps trailer fields, both ways, save those that could mislead', async () => {
    let received: string[] = [];
    aws.behave((incoming, response) => {
      received = incoming.rawTrailers;
      response.writeHead(200, { trailer: 'X-Sum' });
      response.write('body');
      response.addTrailers([
        ['X-Sum', 'ab12'],
        ['x-switchyard-variant', 'forged'],
      ]);
      response.end();
    });
    const { hostname, port } = new URL(gateway.url);
    const headers = { 'x-api-key': secret, 'transfer-encoding': 'chunked', trailer: 'X-Digest' };
    const outgoing = request({ hostname, port, path: '/v1/proxy/pages/x', method: 'POST', headers });
    outgoing.write('abc');
    outgoing.addTrailers({ 'X-Digest': 'cd34', 'x-api-key': 'smuggled' });
    outgoing.end();
    const [response]: IncomingMessage[] = await once(outgoing, 'response');
    if (response === undefined) throw new Error('no response');
    expect((await buffer(response)).toString()).toBe('body');
    expect(received).toEqual(['X-Digest', 'cd34']);
    expect(response.headers.trailer).toBe('X-Sum');
    expect(response.rawTrailers).toEqual(['X-Sum', 'ab12']);
  });

  it('is not harmed by trailers that are announced and cannot come, from either side', async () => {
    const head = `POST /v1/proxy/pages/x HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: ${secret}\r\n`;
    const announced = `${head}trailer: X-Sum\r\ncontent-length: 2\r\n\r\nab`;
    expect(await exchange(gateway.url, announced, 2_000)).toMatch(/^HTTP\/1\.1 200 /);
    expect(aws.requests.at(-1)?.headers).not.toHaveProperty('trailer');
    aws.behave((incoming, response) => {
      if (incoming.method === 'HEAD') {
        incoming.socket.end('HTTP/1.1 200 OK\r\ntrailer: X-Sum\r\ntransfer-encoding: chunked\r\n\r\n');
        return;
      }
      response.writeHead(200, { trailer: 'X-Sum' });
      response.write('body');
      response.addTrailers({ 'X-Sum': 'ab12' });
      response.end();
    });
    expect(await send('/v1/proxy/pages/x', { method: 'HEAD' })).toMatchObject({ status: 200 });
    const old = `GET /v1/proxy/pages/x HTTP/1.0\r\nx-api-key: ${secret}\r\n\r\n`;
    expect(await exchange(gateway.url, old, 2_000)).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nbody$/s);
  });

  it('may be of any size', async () => {
    const large = randomBytes(20_000_000);
    aws.behave((_request, response) => void response.end(large));
    expect((await send('/v1/proxy/pages/x')).body.equals(large)).toBe(true);
  });

  it('is an exposure before its first byte reaches the client', async () => {
    let finish = () => undefined as unknown;
    gcp.behave((_request, response) => {
      response.write('first');
      finish = () => response.end();
    });
    const response = await fetch(`${gateway.url}/v1/proxy/tested/x`, {
      headers: { 'x-api-key': secret, 'x-switchyard-unit': 'u1' },
    });
    const found = readSpool(gateway.dataDir, 'exposures').find(
      ({ id }) => id === response.headers.get('x-request-id'),
    );
    expect(found).toMatchObject({
      experiment: 'new-pages',
      variant: 'treatment',
      servedTarget: 'pages-gcp',
      status: 200,
      fallback: false,
    });
    expect(response.headers.get('x-switchyard-variant')).toBe('treatment');
    finish();
    expect(await response.text()).toBe('first');
  });
});

describe('when the target fails', () => {
  it('and is dead, the client gets 502 as a problem', async () => {
    const answer = await send('/v1/proxy/dead/x', { method: 'POST', body: Buffer.from('body') });
    expect(answer.status).toBe(502);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(problemOf(answer)).toMatchObject({ code: 'target-failed', retryable: true });
  });

  it('and hangs, the client gets 504 at its deadline, and the exposure says so', async () => {
    gcp.behave(hang);
    const startedMs = performance.now();
    const answer = await send('/v1/proxy/tested/x', {
      headers: { 'x-request-timeout-ms': '200', 'x-switchyard-unit': 'u1' },
    });
    expect(performance.now() - startedMs).toBeLessThan(1_500);
    expect(answer.status).toBe(504);
    expect(problemOf(answer)).toMatchObject({ code: 'deadline-exceeded' });
    const found = readSpool(gateway.dataDir, 'exposures').find(
      ({ id }) => id === answer.headers['x-request-id'],
    );
    expect(found).toMatchObject({ status: 504, error: 'deadline-exceeded', servedTarget: null });
  });

  it('with an answer of its own, the client gets that answer', async () => {
    aws.behave(failWith(503, 'busy'));
    expect(await send('/v1/proxy/pages/x')).toMatchObject({
      status: 503,
      body: Buffer.from('{"error":"busy"}'),
    });
  });

  it.each(['with its length', 'in chunks'])(
    'in the middle of a body %s, the client is not told that it has all',
    async (how) => {
      aws.behave((_request, response) => {
        if (how === 'with its length') response.setHeader('content-length', '1000');
        response.write('half of it', () => setTimeout(() => response.destroy(), 20));
      });
      const response = await fetch(`${gateway.url}/v1/proxy/pages/x`, { headers: { 'x-api-key': secret } });
      expect(response.status).toBe(200);
      await expect(response.text()).rejects.toThrow();
    },
  );
});

describe('a target that says "100 Continue" unasked', () => {
  it('is understood where the body comes in chunks; else it is no answer', async () => {
    aws.behave((_request, response) => {
      response.writeContinue();
      response.end('hello');
    });
    const inChunks = await send('/v1/proxy/below/x', { method: 'POST', body: Readable.from(['a']) });
    expect(inChunks).toMatchObject({ status: 200, body: Buffer.from('hello') });
    expect(await send('/v1/proxy/below/x')).toMatchObject({ status: 502 });
  });
});

describe('a client that leaves', () => {
  it('takes its upstream request along, and does not count against the target', async () => {
    for (let index = 0; index < 6; index++) {
      const { promise: left, resolve } = Promise.withResolvers<void>();
      const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
      aws.behave((_request, response) => {
        response.once('close', resolve);
        if (index % 2 === 1) response.write('begun');
        ask();
      });
      const leaving = new AbortController();
      const answer = fetch(`${gateway.url}/v1/proxy/pages/x`, {
        headers: { 'x-api-key': secret },
        signal: leaving.signal,
      }).then((response) => response.text());
      const gone = expect(answer).rejects.toThrow();
      await asked;
      leaving.abort();
      await Promise.all([left, gone]);
    }
    aws.behave(hello);
    expect((await send('/v1/proxy/pages/x')).headers).toMatchObject({ 'x-switchyard-target': 'pages-aws' });
  });
});

describe('a target that keeps failing', () => {
  it('gives way to its twin after five failures, and comes back by itself', async () => {
    aws.behave((request) => request.socket.destroy());
    for (let index = 0; index < 5; index++) {
      expect(await send('/v1/proxy/pages/x')).toMatchObject({ status: 502 });
    }
    expect(await send('/v1/proxy/pages/x')).toMatchObject({
      status: 200,
      headers: { 'x-switchyard-target': 'pages-gcp', 'x-switchyard-fallback': 'true' },
    });
    aws.behave(hello);
    const served = async () => (await send('/v1/proxy/pages/x')).headers['x-switchyard-target'];
    await expect.poll(served, { timeout: 3_000, interval: 100 }).toBe('pages-aws');
  });
});

describe('a target that cannot be reached', () => {
  it('gives way to its twin at once, which gets the whole body; who asks is told', async () => {
    const bytes = randomBytes(300_000);
    const told: unknown[] = [];
    for (let index = 0; index < 6; index++) {
      const inChunks = index % 2 === 1;
      const answer = await send('/v1/proxy/lost/x', {
        method: 'POST',
        headers: {
          'x-switchyard-debug': 'decisions',
          ...(inChunks ? {} : { 'content-length': String(bytes.length) }),
        },
        body: inChunks ? Readable.from([bytes.subarray(0, 7), bytes.subarray(7)]) : bytes,
      });
      expect(answer).toMatchObject({ status: 200, headers: { 'x-switchyard-target': 'lost-twin' } });
      told.push(answer.headers['x-switchyard-decisions']);
    }
    expect(gcp.requests.map((received) => received.bytes.equals(bytes))).toEqual(Array(6).fill(true));
    expect(told.slice(0, 5)).toEqual(Array(5).fill('failed;lost;unreachable, twin;lost-twin'));
    // Five in a row: now nobody tries it.
    expect(told[5]).toBe('circuit-open;lost;circuit-open, twin;lost-twin');
    const text = await (await fetch(gateway.metricsUrl)).text();
    expect(text).toContain('switchyard_decisions_total{target="lost-twin",decision="twin"} 6');
  });
});

describe('targets that have as much to do as they can', () => {
  it('share what comes with their twins, and the rest is told when to come back', async () => {
    const held: (() => void)[] = [];
    const hold = (_request: IncomingMessage, response: ServerResponse) =>
      void held.push(() => response.end('late'));
    for (const upstream of [aws, gcp]) upstream.behave(hold);
    const answers = Array.from({ length: 129 }, () => send('/v1/proxy/busy/x'));
    const refused = await Promise.race(answers);
    expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(problemOf(refused)).toMatchObject({ code: 'overloaded' });
    await expect.poll(() => held.length, { timeout: 5_000 }).toBe(128);
    for (const answer of held) answer();
    const served = (await Promise.all(answers)).map(({ headers }) => headers['x-switchyard-target']);
    expect(served.filter((target) => target === 'busy')).toHaveLength(64);
    expect(served.filter((target) => target === 'busy-twin')).toHaveLength(64);
  });

  it('are free again for the next as soon as their answers begin, however long those last', async () => {
    const streams: ServerResponse[] = [];
    aws.behave((_request, response) => {
      response.write('begun');
      streams.push(response);
    });
    const leaving = new AbortController();
    for (let index = 0; index < 70; index++) {
      const { headers } = await fetch(`${gateway.url}/v1/proxy/busy/x`, {
        headers: { 'x-api-key': secret },
        signal: leaving.signal,
      });
      expect(headers.get('x-switchyard-target')).toBe('busy');
    }
    leaving.abort();
  });
});

describe('the wrong kind of target', () => {
  it('is named both ways', async () => {
    const proxied = await send('/v1/proxy/model/x');
    expect(proxied.status).toBe(409);
    expect(problemOf(proxied)).toMatchObject({
      code: 'wrong-target-kind',
      detail: expect.stringContaining('/v2/models/model/infer'),
    });
    const headers = { 'x-api-key': secret };
    const inferred = await call(`${gateway.url}/v2/models/pages/infer`, {
      method: 'POST',
      headers,
      body: '{}',
    });
    expect(inferred).toMatchObject({
      status: 409,
      body: { code: 'wrong-target-kind', detail: expect.stringContaining('/v1/proxy/pages/') },
    });
    expect(await call(`${gateway.url}/v2/models/pages`, { headers })).toMatchObject({
      status: 409,
      body: { code: 'wrong-target-kind' },
    });
    aws.behave(openInferenceAnswer(1));
    expect(
      await call(`${gateway.url}/v2/models/model/infer`, { method: 'POST', headers, body: '{"inputs":[]}' }),
    ).toMatchObject({ status: 200 });
  });
});

describe('a request that could smuggle another', () => {
  it.each([
    'content-length: 5\r\ntransfer-encoding: chunked',
    'content-length: 5\r\ncontent-length: 6',
    'transfer-encoding: chunked, identity',
    'transfer-encoding : chunked',
  ])('is refused before anything is passed on: %s', async (framing) => {
    const head = `POST /v1/proxy/pages/x HTTP/1.1\r\nhost: x\r\nx-api-key: ${secret}\r\n${framing}\r\n\r\n`;
    const answer = await exchange(
      gateway.url,
      `${head}0\r\n\r\nGET /v1/proxy/pages/smuggled HTTP/1.1\r\n\r\n`,
      1_000,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(aws.requests.map(({ url }) => url)).not.toContain('/smuggled');
  });
});
