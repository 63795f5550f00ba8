import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exchange } from '../support/raw-http.ts';
import { readSpool } from '../support/spool.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';

let gateway: TestGateway;
let host: Server;
let secret: string;
let connections: { readonly request: IncomingMessage; readonly socket: Socket }[] = [];

/** RFC 6455, 4.2.2: what a server that speaks the protocol answers to a key. */
const acceptOf = (key: string) =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

beforeAll(async () => {
  host = createServer((_request, response) => void response.writeHead(426).end('upgrade')).on(
    'upgrade',
    (request: IncomingMessage, socket: Socket, head: Buffer) => {
      if (request.url === '/refuses') {
        socket.end('HTTP/1.1 403 Forbidden\r\nx-switchyard-target: forged\r\ncontent-length: 2\r\n\r\nno');
        return;
      }
      if (request.url === '/hangs') return;
      connections.push({ request, socket });
      const accept = acceptOf(String(request.headers['sec-websocket-key']));
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n' +
          `sec-websocket-accept: ${accept}\r\nx-request-id: forged\r\n\r\n`,
      );
      socket.write(head);
      socket.pipe(socket).on('error', () => socket.destroy());
    },
  );
  host.listen(0, '127.0.0.1');
  await once(host, 'listening');
  gateway = await startTestGateway({ SWITCHYARD_TARGET_CHAT: 'token-of-the-chat' });
  ({ secret } = await gateway.tenant('acme'));
  const { port } = host.address() as AddressInfo;
  const place = { kind: 'http', cloud: 'local', region: 'here', apiKeyEnv: 'SWITCHYARD_TARGET_CHAT' };
  await gateway.register('/targets', { ...place, key: 'chat', url: `http://127.0.0.1:${port}` });
  await gateway.register('/targets', { ...place, key: 'dead', url: 'http://127.0.0.1:1' });
  for (const key of ['chat', 'dead']) await gateway.register('/endpoints', { key, defaultTarget: key });
  const variants = [
    { key: 'control', weight: 10_000, target: 'chat' },
    { key: 'treatment', weight: 0, target: 'chat' },
  ];
  await gateway.register('/experiments', { key: 'talk', endpoint: 'chat', unit: 'user', variants });
  await gateway.register('/experiments/talk/start', {});
});

afterAll(async () => {
  for (const { socket } of connections) socket.destroy();
  await gateway.stop();
  host.close();
  host.closeAllConnections();
});

const KEY = randomBytes(16).toString('base64');
const handshake = (path: string, headers = `x-api-key: ${secret}\r\nx-switchyard-unit: u1\r\n`) =>
  `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n` +
  `sec-websocket-version: 13\r\nsec-websocket-key: ${KEY}\r\n${headers}\r\n`;

/** A client's connection after the handshake, with what it has received beyond the answer's head. */
async function open(path: string, first: Buffer = Buffer.alloc(0)) {
  connections = [];
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
  let received = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
  });
  socket.write(Buffer.concat([Buffer.from(handshake(path)), first]));
  await expect.poll(() => received.includes('\r\n\r\n')).toBe(true);
  const end = received.indexOf('\r\n\r\n') + 4;
  return { socket, head: received.subarray(0, end).toString('latin1'), rest: () => received.subarray(end) };
}

describe('a WebSocket', () => {
  it('is authenticated, assigned, exposed and passed on byte for byte in both directions', async () => {
    const early = randomBytes(100);
    const { socket, head, rest } = await open('/v1/proxy/chat/room?a=1', early);
    expect(head).toMatch(/^HTTP\/1\.1 101 /);
    expect(head).toContain(`sec-websocket-accept: ${acceptOf(KEY)}`);
    expect(head).toContain('x-switchyard-variant: control');
    expect(head).not.toContain('forged');
    const [{ request } = {}] = connections;
    expect(request?.url).toBe('/room?a=1');
    expect(request?.headers).toMatchObject({
      authorization: 'Bearer token-of-the-chat',
      upgrade: 'websocket',
      'x-forwarded-for': '127.0.0.1',
    });
    expect(request?.headers).not.toHaveProperty('x-api-key');
    const requestId = /x-request-id: (\S+)/.exec(head)?.[1];
    expect(readSpool(gateway.dataDir, 'exposures').find(({ id }) => id === requestId)).toMatchObject({
      variant: 'control',
      status: 101,
    });
    const large = randomBytes(300_000);
    socket.write(large);
    await expect.poll(() => rest().length, { timeout: 5_000 }).toBe(early.length + large.length);
    expect(rest().equals(Buffer.concat([early, large]))).toBe(true);
    socket.destroy();
  });

  it.each(['client', 'target'] as const)('ends on both sides when the %s leaves', async (who) => {
    const { socket } = await open('/v1/proxy/chat/room');
    const [theirs] = connections;
    if (theirs === undefined) throw new Error('the target was not asked');
    const [leaving, staying] = who === 'client' ? [socket, theirs.socket] : [theirs.socket, socket];
    const ended = once(staying.resume(), 'close');
    leaving.destroy();
    staying.on('error', () => undefined);
    await ended;
  });

  it('is refused as every other request is, in words', async () => {
    const refused = async (path: string, headers?: string) =>
      exchange(gateway.url, handshake(path, headers), 3_000);
    expect(await refused('/v1/proxy/chat/x', '')).toMatch(/^HTTP\/1\.1 401 .*"unauthenticated"/s);
    expect(await refused('/v1/proxy/unknown/x')).toMatch(/^HTTP\/1\.1 404 .*"not-found"/s);
    expect(await refused('/v1/proxy/dead/x')).toMatch(/^HTTP\/1\.1 502 .*"target-failed"/s);
    const hanging = `x-api-key: ${secret}\r\nx-request-timeout-ms: 200\r\n`;
    expect(await refused('/v1/proxy/chat/hangs', hanging)).toMatch(/^HTTP\/1\.1 504 .*"deadline-exceeded"/s);
  });

  it('may be refused by the target, which cannot speak for the gateway', async () => {
    const answer = await exchange(gateway.url, handshake('/v1/proxy/chat/refuses'), 3_000);
    expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
    expect(answer).toMatch(/\r\n\r\nno$/);
    expect(answer).toContain('x-switchyard-target: chat');
    expect(answer).not.toContain('forged');
  });
});

describe('a client that offers another protocol', () => {
  it('gets an ordinary answer', async () => {
    const request = `GET /v1/proxy/chat/x HTTP/1.1\r\nhost: x\r\nconnection: Upgrade, close\r\nupgrade: h2c\r\nx-api-key: ${secret}\r\n\r\n`;
    expect(await exchange(gateway.url, request, 3_000)).toMatch(/^HTTP\/1\.1 426 /);
  });
});
