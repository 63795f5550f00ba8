import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { deserialize, serialize } from 'bson';
import fc from 'fast-check';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTemporaryServer } from '../../../support/embedded-server.ts';

const OP_QUERY = 2004;
const OP_MSG = 2013;

function frame(opcode: number, body: Uint8Array, length = 16 + body.byteLength): Buffer {
  const header = Buffer.alloc(16);
  header.writeInt32LE(length, 0);
  header.writeInt32LE(77, 4);
  header.writeInt32LE(opcode, 12);
  return Buffer.concat([header, body]);
}

function opMsg(document: Record<string, unknown>, flags = 0): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32LE(flags, 0);
  return frame(OP_MSG, Buffer.concat([head, serialize(document)]));
}

function opQuery(name: string, document: Record<string, unknown>): Buffer {
  return frame(
    OP_QUERY,
    Buffer.concat([Buffer.alloc(4), Buffer.from(`${name}\0`), Buffer.alloc(8), serialize(document)]),
  );
}

const ping = { ping: 1, $db: 'admin' };

describe('embedded server, byte by byte', () => {
  let server: Awaited<ReturnType<typeof startTemporaryServer>>;
  let client: MongoClient;
  beforeAll(async () => {
    server = await startTemporaryServer();
    client = new MongoClient(server.uri);
  });
  afterAll(async () => {
    await client.close();
    await server.stop();
  });

  async function connect(): Promise<Socket> {
    const socket = createConnection(decodeURIComponent(new URL(server.uri).host));
    await once(socket, 'connect');
    return socket;
  }

  /** Sends bytes; resolves with what came back by the time the connection closed, or `until` bytes had come. */
  async function exchange(bytes: Uint8Array, until = Number.POSITIVE_INFINITY): Promise<Buffer> {
    const socket = await connect();
    socket.on('error', () => socket.destroy());
    socket.write(bytes);
    const chunks: Buffer[] = [];
    for await (const chunk of socket.iterator({ destroyOnReturn: true })) {
      chunks.push(chunk);
      if (Buffer.concat(chunks).byteLength >= until) break;
    }
    return Buffer.concat(chunks);
  }

  it('answers OP_MSG under the id of the request', async () => {
    const answer = await exchange(opMsg(ping), 21);
    expect(answer.readInt32LE(0)).toBe(answer.byteLength);
    expect(answer.readInt32LE(8)).toBe(77);
    expect(deserialize(answer.subarray(21))).toEqual({ ok: 1 });
  });

  it('answers the OP_QUERY that opens a connection as a standalone server, and no other', async () => {
    const hello = await exchange(opQuery('admin.$cmd', { isMaster: 1, futureField: true }), 36);
    const document = deserialize(hello.subarray(36));
    expect(document).toMatchObject({
      ok: 1,
      ismaster: true,
      maxWireVersion: 9,
      maxMessageSizeBytes: 48_000_000,
    });
    expect(document).not.toHaveProperty('setName');
    const refused = await exchange(opQuery('admin.$cmd', { insert: 'a' }), 36);
    expect(deserialize(refused.subarray(36))).toMatchObject({ ok: 0, code: 352 });
  });

  it('takes frames in pieces, and several in one', async () => {
    const bytes = Buffer.concat([opMsg(ping), opMsg(ping), opMsg(ping)]);
    const socket = await connect();
    for (const byte of bytes) socket.write(Buffer.from([byte]));
    const size = (await exchange(opMsg(ping), 21)).byteLength;
    let received = 0;
    for await (const chunk of socket) {
      received += chunk.byteLength;
      if (received === 3 * size) break;
    }
    expect(received).toBe(3 * size);
  });

  it('does not answer a request that wants no answer', async () => {
    const size = (await exchange(opMsg(ping), 21)).byteLength;
    const both = Buffer.concat([opMsg({ dropDatabase: 1, $db: 'none' }, 2), opMsg(ping)]);
    expect((await exchange(both, 21)).byteLength).toBe(size);
  });

  it.each([
    ['a length of nothing', frame(OP_MSG, Buffer.alloc(0), 0)],
    ['a negative length', frame(OP_MSG, Buffer.alloc(0), -1)],
    ['a length past 48 MB', frame(OP_MSG, Buffer.alloc(0), 48_000_001)],
    ['an unknown opcode', frame(2012, Buffer.alloc(9))],
    ['no flags', frame(OP_MSG, Buffer.alloc(0))],
    ['no body', frame(OP_MSG, Buffer.alloc(4))],
    ['a checksum', opMsg(ping, 1)],
    ['an unknown required flag', opMsg(ping, 4)],
    [
      'two bodies',
      frame(OP_MSG, Buffer.concat([Buffer.alloc(5), serialize(ping), Buffer.alloc(1), serialize(ping)])),
    ],
    [
      'a document longer than its frame',
      frame(OP_MSG, Buffer.concat([Buffer.alloc(5), Buffer.from([99, 0, 0, 0, 0])])),
    ],
    ['a document of negative length', frame(OP_MSG, Buffer.concat([Buffer.alloc(5), Buffer.alloc(5, 0xff)]))],
    ['a query of a collection', opQuery('shop.items', {})],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')],
  ])('closes a connection that sends %s, and no other', async (_, bytes) => {
    expect(await exchange(bytes)).toHaveLength(0);
    expect(await client.db('admin').command({ ping: 1 })).toEqual({ ok: 1 });
  });

  it('survives whatever bytes a frame holds', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(OP_MSG, OP_QUERY),
        fc.uint8Array({ maxLength: 64 }),
        async (opcode, noise) => {
          const whole = opMsg({ find: 'items', filter: { a: 1 }, $db: 'shop' });
          const torn = Buffer.concat([whole.subarray(16, 16 + noise.length), noise]);
          const socket = await connect();
          socket.on('error', () => socket.destroy());
          socket.end(frame(opcode, torn));
          socket.resume();
          await once(socket, 'close');
        },
      ),
      { numRuns: 200 },
    );
    expect(await client.db('admin').command({ ping: 1 })).toEqual({ ok: 1 });
  });

  it('answers a document that is nested absurdly deep, and lives on', async () => {
    let nested = Buffer.from([5, 0, 0, 0, 0]);
    for (let depth = 0; depth < 5_000; depth += 1) {
      const outer = Buffer.alloc(nested.byteLength + 8);
      outer.writeInt32LE(outer.byteLength, 0);
      outer.write('\x03a\0', 4, 'latin1');
      nested.copy(outer, 7);
      nested = outer;
    }
    const name = Buffer.from('documents\0');
    const size = Buffer.alloc(4);
    size.writeInt32LE(4 + name.byteLength + nested.byteLength);
    const body = Buffer.concat([Buffer.alloc(5), serialize({ insert: 'items', $db: 'shop' })]);
    const bytes = frame(OP_MSG, Buffer.concat([body, Buffer.from([1]), size, name, nested]));
    const answer = await exchange(bytes, 21);
    expect(deserialize(answer.subarray(21))).toHaveProperty('ok');
    const touch = opMsg({ update: 'items', updates: [{ q: {}, u: { $set: { b: 1 } } }], $db: 'shop' });
    expect(deserialize((await exchange(touch, 21)).subarray(21))).toHaveProperty('ok');
    expect(await client.db('admin').command({ ping: 1 })).toEqual({ ok: 1 });
  });
});
