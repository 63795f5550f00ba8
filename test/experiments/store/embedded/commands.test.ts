import { Decimal128, Double, Int32, Long, MongoClient, type UpdateFilter } from 'mongodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTemporaryServer } from '../../../support/embedded-server.ts';

interface Item {
  readonly _id: string | number;
  readonly [field: string]: unknown;
}

describe('embedded server, through the official driver', () => {
  let server: Awaited<ReturnType<typeof startTemporaryServer>>;
  let client: MongoClient;
  beforeAll(async () => {
    server = await startTemporaryServer();
    client = new MongoClient(server.uri, { promoteValues: true, retryWrites: true });
  });
  afterAll(async () => {
    await client.close();
    await server.stop();
  });
  beforeEach(async () => {
    await client.db('shop').dropDatabase();
  });
  const items = () => client.db('shop').collection<Item>('items');
  const command = (body: Record<string, unknown>) => client.db('shop').command(body);

  describe('insert', () => {
    it('refuses a second document of one _id with 11000 and the key pattern', async () => {
      await items().insertOne({ _id: 'a', n: 1 });
      await expect(items().insertOne({ _id: 'a', n: 2 })).rejects.toMatchObject({
        code: 11000,
        keyPattern: { _id: 1 },
      });
      expect(await items().findOne({ _id: 'a' })).toEqual({ _id: 'a', n: 1 });
    });

    it('counts 1 and 1.0 as one _id', async () => {
      await command({ insert: 'items', documents: [{ _id: new Int32(1) }] });
      const again = await command({ insert: 'items', documents: [{ _id: new Double(1) }] });
      expect(again).toMatchObject({ ok: 1, n: 0, writeErrors: [{ index: 0, code: 11000 }] });
    });

    it('stops at the first refused document when ordered, and goes on past it when not', async () => {
      const batch = () => [{ _id: 'a' }, { _id: 'a' }, { _id: 'b' }];
      await expect(items().insertMany(batch())).rejects.toMatchObject({ code: 11000 });
      expect(await items().count()).toBe(1);
      await expect(items().insertMany(batch(), { ordered: false })).rejects.toMatchObject({ code: 11000 });
      expect(await items().count()).toBe(2);
    });

    it('makes an _id where there is none', async () => {
      const { insertedId } = await client.db('shop').collection('anything').insertOne({ n: 1 });
      expect(await client.db('shop').collection('anything').findOne({ _id: insertedId })).toMatchObject({
        n: 1,
      });
    });

    it('gives back every type of BSON as it came', async () => {
      const typed = {
        _id: 'typed',
        int: new Int32(1),
        double: new Double(1),
        long: Long.fromNumber(1),
        decimal: Decimal128.fromString('1.10'),
        date: new Date(5),
        nested: { list: [new Double(2), null, { deep: true }] },
      };
      await items().insertOne(typed);
      await items().updateOne({ _id: 'typed' }, { $set: { touched: true } });
      const found = await items().findOne({ _id: 'typed' }, { promoteValues: false });
      expect(found).toEqual({ ...typed, touched: true });
    });

    it('refuses an _id that is no scalar, and a document past 16 MiB', async () => {
      const bad = await command({ insert: 'items', documents: [{ _id: { a: 1 } }] });
      expect(bad['writeErrors']).toMatchObject([{ code: 2 }]);
      const large = await command({ insert: 'items', documents: [{ _id: 1, text: 'x'.repeat(2 ** 24) }] });
      expect(large['writeErrors']).toMatchObject([{ code: 10334 }]);
    });
  });

  describe('unique indexes', () => {
    it('refuse a duplicate by insert, update and upsert, and name the key pattern', async () => {
      await items().createIndex({ email: 1, 'plan.name': 1 }, { unique: true });
      await items().insertMany([
        { _id: 1, email: 'a', plan: { name: 'pro' } },
        { _id: 2, email: 'a', plan: { name: 'free' } },
      ]);
      const duplicate = { code: 11000, keyPattern: { email: 1, 'plan.name': 1 } };
      await expect(items().insertOne({ _id: 3, email: 'a', plan: { name: 'pro' } })).rejects.toMatchObject(
        duplicate,
      );
      await expect(items().updateOne({ _id: 2 }, { $set: { 'plan.name': 'pro' } })).rejects.toMatchObject(
        duplicate,
      );
      const replacement = { email: 'a', plan: { name: 'free' } };
      await expect(items().replaceOne({ _id: 9 }, replacement, { upsert: true })).rejects.toMatchObject(
        duplicate,
      );
      expect(await items().count()).toBe(2);
    });

    it('free a key when its document changes or goes, and let a document keep its own', async () => {
      await items().createIndex({ email: 1 }, { unique: true });
      await items().insertMany([
        { _id: 1, email: 'a' },
        { _id: 2, email: 'b' },
      ]);
      await items().updateOne({ _id: 1 }, { $set: { email: 'a', seen: true } });
      await items().updateOne({ _id: 1 }, { $set: { email: 'c' } });
      await items().deleteOne({ _id: 2 });
      await items().insertMany([
        { _id: 3, email: 'a' },
        { _id: 4, email: 'b' },
      ]);
      expect(await items().count()).toBe(3);
    });

    it('cannot be made over duplicates, and leave nothing behind then', async () => {
      await items().insertMany([
        { _id: 1, email: 'a' },
        { _id: 2, email: 'a' },
      ]);
      await expect(items().createIndex({ email: 1 }, { unique: true })).rejects.toMatchObject({
        code: 11000,
      });
      await items().insertOne({ _id: 3, email: 'a' });
      expect(await items().count()).toBe(3);
    });

    it('are the only ones: others, and ones that expire, are refused by name', async () => {
      await expect(items().createIndex({ email: 1 })).rejects.toMatchObject({ code: 67 });
      const expiring = items().createIndex({ at: 1 }, { unique: true, expireAfterSeconds: 1 });
      await expect(expiring).rejects.toThrow('"expireAfterSeconds" is not supported');
    });
  });

  describe('update', () => {
    it('sets, unsets and increments along dotted paths, keeping the types of numbers', async () => {
      await items().insertOne({ _id: 1, a: { b: 1, c: 2 }, n: new Int32(2 ** 31 - 1), half: 0.5 });
      await items().updateOne({ _id: 1 }, {
        $set: { 'a.d': 3 },
        $unset: { 'a.b': '', 'x.y': '' },
        $inc: { n: 1, half: 1, fresh: 2 },
      } as object);
      expect(await items().findOne({ _id: 1 }, { promoteValues: false })).toEqual({
        _id: new Int32(1),
        a: { c: new Int32(2), d: new Int32(3) },
        n: Long.fromNumber(2 ** 31),
        half: new Double(1.5),
        fresh: new Int32(2),
      });
    });

    it('tells apart what matched, what changed and what was inserted', async () => {
      await items().insertMany([{ _id: 1 }, { _id: 2, done: true }]);
      const set = { $set: { done: true }, $setOnInsert: { made: 'here' } };
      expect(await items().updateMany({}, set)).toMatchObject({ matchedCount: 2, modifiedCount: 1 });
      const filter = { _id: 3, done: { $lt: 5 }, 'from.where': 'filter' };
      expect(await items().updateOne(filter, set, { upsert: true })).toMatchObject({
        upsertedId: 3,
        matchedCount: 0,
      });
      expect(await items().findOne({ _id: 3 })).toEqual({
        _id: 3,
        from: { where: 'filter' },
        done: true,
        made: 'here',
      });
    });

    it('replaces a whole document but for its _id', async () => {
      await items().insertOne({ _id: 1, old: true });
      await items().replaceOne({ _id: 1 }, { fresh: true });
      expect(await items().findOne({ _id: 1 })).toEqual({ _id: 1, fresh: true });
    });

    it.each([
      ['a changed _id', { $set: { _id: 2 } }, 66],
      ['two changes of one path', { $set: { a: 1 }, $inc: { 'a.b': 1 } }, 40],
      ['an unknown operator', { $push: { a: 1 } }, 9],
      ['an increment of text', { $inc: { text: 1 } }, 14],
      ['a path through a scalar', { $set: { 'text.more': 1 } }, 28],
    ])('refuses %s', async (_, update, code) => {
      await items().insertOne({ _id: 1, text: 'x' });
      await expect(items().updateOne({ _id: 1 }, update as UpdateFilter<Item>)).rejects.toMatchObject({
        code,
      });
      expect(await items().findOne()).toEqual({ _id: 1, text: 'x' });
    });
  });

  describe('delete', () => {
    it('removes one or all that match', async () => {
      await items().insertMany([1, 2, 3, 4].map((n) => ({ _id: n, even: n % 2 === 0 })));
      expect(await items().deleteOne({ even: true })).toMatchObject({ deletedCount: 1 });
      expect(await items().deleteMany({ even: false })).toMatchObject({ deletedCount: 2 });
      expect(await items().find().toArray()).toEqual([{ _id: 4, even: true }]);
    });
  });

  describe('findAndModify', () => {
    it('answers with the document before or after, the first in the order asked for', async () => {
      await items().insertMany([1, 2, 3].map((n) => ({ _id: n, taken: false })));
      const take = { $set: { taken: true } };
      expect(await items().findOneAndUpdate({ taken: false }, take, { sort: { _id: -1 } })).toEqual({
        _id: 3,
        taken: false,
      });
      expect(await items().findOneAndUpdate({ taken: false }, take, { returnDocument: 'after' })).toEqual({
        _id: 1,
        taken: true,
      });
      expect(await items().findOneAndReplace({ _id: 2 }, { new: 1 }, { returnDocument: 'after' })).toEqual({
        _id: 2,
        new: 1,
      });
      expect(await items().findOneAndDelete({ _id: 2 })).toEqual({ _id: 2, new: 1 });
      expect(await items().findOneAndDelete({ _id: 2 })).toBeNull();
    });

    it('upserts once, whoever asks', async () => {
      const made = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          items().findOneAndUpdate(
            { _id: 'key' },
            { $setOnInsert: { by: n } },
            { upsert: true, returnDocument: 'after' },
          ),
        ),
      );
      expect(new Set(made.map((item) => item?.['by'])).size).toBe(1);
    });
  });

  describe('cursors', () => {
    it('hand out what was there at the find, batch by batch', async () => {
      await items().insertMany(Array.from({ length: 25 }, (_, n) => ({ _id: n })));
      const cursor = items().find({ _id: { $gte: 3 } }, { batchSize: 4, projection: { _id: 1 } });
      const ids = [(await cursor.next())?._id];
      await items().deleteMany({});
      for await (const { _id } of cursor) ids.push(_id);
      expect(ids).toEqual(Array.from({ length: 22 }, (_, n) => n + 3));
    });

    it('split what is too large for one message', async () => {
      await items().insertMany(
        Array.from({ length: 5 }, (_, n) => ({ _id: n, text: 'x'.repeat(9_000_000) })),
      );
      expect((await items().find().toArray()).map(({ _id }) => _id)).toEqual([0, 1, 2, 3, 4]);
    });

    it('are gone once killed or unknown', async () => {
      await items().insertMany([{ _id: 1 }, { _id: 2 }]);
      const { cursor } = await command({ find: 'items', batchSize: 1 });
      expect(cursor).toMatchObject({ firstBatch: [{ _id: 1 }], ns: 'shop.items' });
      const kill = { killCursors: 'items', cursors: [cursor.id] };
      expect(await command(kill)).toMatchObject({ cursorsKilled: [cursor.id], cursorsNotFound: [] });
      expect(await command(kill)).toMatchObject({ cursorsKilled: [], cursorsNotFound: [cursor.id] });
      await expect(command({ getMore: cursor.id, collection: 'items' })).rejects.toMatchObject({ code: 43 });
    });
  });

  describe('projections', () => {
    it.each([
      [{ a: 1 }, { _id: 1, a: 1 }],
      [{ a: 1, _id: 0 }, { a: 1 }],
      [{ a: 0 }, { _id: 1, b: 2 }],
      [{ _id: 1 }, { _id: 1 }],
      [{ _id: 0 }, { a: 1, b: 2 }],
      [{}, { _id: 1, a: 1, b: 2 }],
    ])('%j keeps %j', async (projection, kept) => {
      await items().insertOne({ _id: 1, a: 1, b: 2 });
      expect(await items().findOne({}, { projection })).toEqual(kept);
    });
  });

  describe('what it does not know', () => {
    it.each([
      ['a command', { aggregate: 'items', pipeline: [], cursor: {} }, 59, "no such command: 'aggregate'"],
      ['an option', { find: 'items', collation: { locale: 'en' } }, 72, 'find: "collation"'],
      ['a filter', { find: 'items', filter: { $or: [] } }, 2, '"$or"'],
      ['an operator', { find: 'items', filter: { a: { $regex: 'x' } } }, 2, '$regex'],
      ['a whole document to match', { find: 'items', filter: { a: { b: 1 } } }, 2, 'whole document'],
      ['a range from null', { find: 'items', filter: { a: { $gte: null } } }, 2, '$gte null'],
      ['a sort by text score', { find: 'items', sort: { a: 'text' } }, 2, 'sort: "a"'],
      ['a pipeline', { findAndModify: 'items', update: [{ $set: {} }] }, 9, 'pipelines'],
      ['a statement option', { update: 'items', updates: [{ q: {}, u: {}, hint: 'a' }] }, 72, '"hint"'],
      ['two servers', { insert: 'items', documents: [], writeConcern: { w: 2 } }, 100, 'write concern 2'],
      ['a snapshot', { find: 'items', readConcern: { level: 'snapshot' } }, 72, 'read concern "snapshot"'],
      ['a collection without a name', { find: '' }, 73, 'must not be empty'],
      ['a field of the wrong type', { insert: 'items', documents: [1] }, 14, '"documents"'],
      ['a transaction', { find: 'items', txnNumber: Long.ONE }, 20, 'no transactions'],
    ])('refuses %s by name', async (_, body, code, text) => {
      const answer = await command(body).catch((error) => error);
      const refusal = answer instanceof Error ? answer : answer['writeErrors'][0];
      expect(refusal.code).toBe(code);
      expect(refusal.errmsg ?? refusal.message).toContain(text);
    });

    it('refuses a path that leads through an array rather than guess', async () => {
      await items().insertOne({ _id: 1, list: [{ a: 1 }] });
      await expect(items().findOne({ 'list.a': 1 })).rejects.toThrow('leads through an array');
      await expect(items().find().sort({ list: 1 }).toArray()).rejects.toThrow('holds an array');
    });
  });

  it('lets a client have retryable writes on, and unacknowledged ones', async () => {
    const relaxed = client.db('shop').collection<Item>('items', { writeConcern: { w: 0 } });
    await relaxed.insertOne({ _id: 'unacknowledged' });
    await items().insertOne({ _id: 'acknowledged' });
    expect(await items().count()).toBe(2);
  });

  it('keeps databases apart', async () => {
    await items().insertOne({ _id: 1 });
    await client.db('shop2').collection<Item>('items').insertOne({ _id: 1 });
    await client.db('shop').dropDatabase();
    expect(await items().count()).toBe(0);
    expect(await client.db('shop2').collection('items').count()).toBe(1);
  });
});
