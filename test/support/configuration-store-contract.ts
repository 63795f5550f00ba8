import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { MongoClient } from 'mongodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hashesOf } from '../../experiments/id-set.ts';
import {
  type AuditEntry,
  type CommitResult,
  ConfigurationStore,
  type StoredDocument,
} from '../../experiments/store/configuration-store.ts';
import { startWireProxy, type WireProxy } from './wire-proxy.ts';

const actor = { name: 'key "ci"', key: 'k-1', address: '192.0.2.7' };

/** What the configuration store promises, on whatever server `start` provides. */
export function describeConfigurationStore(
  server: string,
  start: () => Promise<{ readonly uri: string; stop(): Promise<void> }>,
): void {
  describe(`configuration store on ${server}`, () => {
    let running: Awaited<ReturnType<typeof start>>;
    let database: string;
    let store: ConfigurationStore;
    let proxy: WireProxy | null;
    const stores: ConfigurationStore[] = [];

    beforeAll(async () => {
      running = await start();
    });
    afterAll(() => running?.stop());
    beforeEach(async () => {
      database = `contract-${randomUUID()}`;
      proxy = null;
      store = await connect();
    });
    afterEach(async () => {
      await Promise.all(stores.splice(0).map((open) => open.close()));
      await proxy?.close();
      await onServer((client) => client.db(database).dropDatabase());
    });

    async function connect(uri = running.uri): Promise<ConfigurationStore> {
      let ticks = Date.UTC(2026, 0, 1);
      const now = () => {
        ticks += 1_000;
        return new Date(ticks);
      };
      const opened = await ConfigurationStore.connect({
        uri,
        database,
        now,
        serverSelectionTimeoutMs: 1_000,
      });
      stores.push(opened);
      return opened;
    }

    async function connectThroughProxy(): Promise<{ proxy: WireProxy; store: ConfigurationStore }> {
      proxy = await startWireProxy(running.uri);
      return { proxy, store: await connect(proxy.uri) };
    }

    async function onServer<T>(work: (client: MongoClient) => Promise<T>): Promise<T> {
      const client = new MongoClient(running.uri);
      return work(client).finally(() => client.close());
    }

    /** The document as the server has it, beneath the store. */
    async function rawDocument(id: string) {
      return onServer((client) =>
        client.db(database).collection<{ _id: string; revision: number }>('documents').findOne({ _id: id }),
      );
    }

    async function put(
      baseRevision: number,
      key: string,
      value: Record<string, unknown> | null,
      through = store,
    ): Promise<CommitResult> {
      return through.commit({
        baseRevision,
        changes: [{ kind: 'model', key, action: 'put', value }],
        actor,
      });
    }

    it('begins empty, at revision 0', async () => {
      expect(await store.revision()).toBe(0);
      expect(await store.readAll()).toMatchObject({ revision: 0, documents: [] });
      expect(await store.audit({ limit: 10 })).toEqual([]);
    });

    it('creates, replaces and deletes, one revision each', async () => {
      const created = await put(0, 'ranker', { stage: 'new' });
      expect(created).toEqual({
        ok: true,
        revision: 1,
        documents: [
          {
            kind: 'model',
            key: 'ranker',
            revision: 1,
            createdAt: '2026-01-01T00:00:01.000Z',
            updatedAt: '2026-01-01T00:00:01.000Z',
            value: { stage: 'new' },
          },
        ],
      });
      const replaced = await put(1, 'ranker', { stage: 'old' });
      expect(replaced).toMatchObject({
        documents: [
          {
            revision: 2,
            createdAt: '2026-01-01T00:00:01.000Z',
            updatedAt: '2026-01-01T00:00:02.000Z',
          },
        ],
      });
      expect(await store.readAll()).toMatchObject({
        revision: 2,
        documents: replaced.ok && replaced.documents,
      });
      expect(await put(2, 'ranker', null)).toEqual({ ok: true, revision: 3, documents: [null] });
      expect(await store.readAll()).toMatchObject({ revision: 3, documents: [] });
    });

    it('counts a document that was deleted and made again as new', async () => {
      await put(0, 'ranker', { life: 1 });
      await put(1, 'ranker', null);
      expect(await put(2, 'ranker', { life: 2 })).toMatchObject({
        documents: [{ revision: 3, createdAt: '2026-01-01T00:00:03.000Z' }],
      });
    });

    it.each([0, 2, 100])(
      'refuses a change based on revision %i when it is at 1, and changes nothing',
      async (base) => {
        await put(0, 'ranker', { n: 1 });
        expect(await put(base, 'ranker', { n: 2 })).toEqual({ ok: false, revision: 1 });
        expect(await store.readAll()).toMatchObject({ revision: 1, documents: [{ value: { n: 1 } }] });
        expect(await store.audit({ limit: 10 })).toHaveLength(1);
      },
    );

    it('lets exactly one of ten racing writers win, and tells the others where it is now', async () => {
      const other = await connect();
      const results = await Promise.all(
        Array.from({ length: 10 }, (_, n) => put(0, `model-${n}`, { n }, n % 2 === 0 ? store : other)),
      );
      expect(results.filter(({ ok }) => ok)).toHaveLength(1);
      expect(results.map(({ revision }) => revision)).toEqual(results.map(() => 1));
      const { documents } = await store.readAll();
      expect(documents).toEqual(results.flatMap((result) => (result.ok ? result.documents : [])));
    });

    it('reads the whole configuration as of one revision while writers are at work', async () => {
      const readings: Awaited<ReturnType<typeof store.readAll>>[] = [];
      const writers = [store, await connect()].map(async (writer, n) => {
        for (let base = 0; base < 30; ) {
          const value = base % 3 === 2 ? null : { base };
          base = (await put(base, `model-${(base + n) % 4}`, value, writer)).revision;
        }
      });
      const reader = await connect();
      for (let written = false; !written; ) {
        readings.push(await reader.readAll());
        written = (readings.at(-1)?.revision ?? 0) >= 30;
      }
      await Promise.all(writers);
      const entries = await store.audit({ limit: 100 });
      for (const { revision, documents } of readings) {
        expect(valuesByKey(documents)).toEqual(replay(entries, revision));
      }
    });

    it('keeps a change whose writer died between the log and the document', async () => {
      const { proxy, store: dying } = await connectThroughProxy();
      await put(0, 'ranker', { n: 1 });
      const { reached } = proxy.intercept({ command: 'update', collection: 'documents', action: 'drop' });
      void reached.then(() => proxy.goAway());
      expect(await put(1, 'ranker', { n: 2 }, dying)).toMatchObject({ ok: true, revision: 2 });

      expect(await rawDocument('model/ranker')).toMatchObject({ revision: 1 });
      expect(await store.readAll()).toMatchObject({
        revision: 2,
        documents: [{ revision: 2, value: { n: 2 } }],
      });

      expect(await put(2, 'other', { n: 3 })).toMatchObject({ ok: true, revision: 3 });
      expect(await rawDocument('model/ranker')).toMatchObject({ revision: 2 });
      expect((await store.audit({ limit: 9 })).map(({ revision }) => revision)).toEqual([3, 2, 1]);
    });

    it('commits several documents as one: all of them at one revision, each with its audit entry', async () => {
      await put(0, 'a', { n: 1 });
      const changes = [
        { kind: 'model', key: 'a', action: 'replace', value: { n: 2 } },
        { kind: 'model', key: 'b', action: 'create', value: { n: 1 } },
        { kind: 'layer', key: 'with.dots', action: 'create', value: { n: 1 } },
      ];
      const committed = await store.commit({ baseRevision: 1, changes, actor });
      expect(committed).toMatchObject({ ok: true, revision: 2 });
      expect(await store.commit({ baseRevision: 1, changes, actor })).toEqual({ ok: false, revision: 2 });
      const { documents } = await store.readAll();
      expect(documents.map(({ key, revision }) => [key, revision]).sort()).toEqual([
        ['a', 2],
        ['b', 2],
        ['with.dots', 2],
      ]);
      await put(2, 'c', { n: 1 });
      const found = async (query: { kind?: string; key?: string }) =>
        (await store.audit({ limit: 9, ...query })).map(({ revision, key }) => `${revision} ${key}`);
      expect(await found({})).toEqual(['3 c', '2 a', '2 b', '2 with.dots', '1 a']);
      expect(await found({ kind: 'model' })).toEqual(['3 c', '2 a', '2 b', '1 a']);
      expect(await found({ kind: 'layer', key: 'with.dots' })).toEqual(['2 with.dots']);
      expect(await found({ key: 'b' })).toEqual(['2 b']);
      expect(await found({ kind: 'layer', key: 'b' })).toEqual([]);
      const after = await store.auditAfter({ afterRevision: 1, limit: 1 });
      expect(after.map(({ before, after }) => [before, after])).toEqual([
        [{ n: 1 }, { n: 2 }],
        [null, { n: 1 }],
        [null, { n: 1 }],
      ]);
    });

    it('finishes every document of a commit whose writer died half-way', async () => {
      const { proxy, store: dying } = await connectThroughProxy();
      const { reached } = proxy.intercept({ command: 'update', collection: 'documents', action: 'drop' });
      void reached.then(() => proxy.goAway());
      const changes = ['a', 'b'].map((key) => ({ kind: 'model', key, action: 'create', value: { n: 1 } }));
      await dying.commit({ baseRevision: 0, changes, actor });
      expect(await rawDocument('model/b')).toBeNull();
      expect((await store.readAll()).documents).toHaveLength(2);
      await put(1, 'c', { n: 1 });
      expect([await rawDocument('model/a'), await rawDocument('model/b')]).toMatchObject([
        { revision: 1 },
        { revision: 1 },
      ]);
    });

    it('tells what has changed since a commit, each document once, as it is now', async () => {
      await put(0, 'kept', { n: 1 });
      const known = await store.readAll();
      const since = (from: { revision: number; commitId: string | null }) =>
        store.readSince({ revision: from.revision, commitId: from.commitId ?? '' });
      expect(await since(known)).toMatchObject({ revision: 1, commitId: known.commitId, changes: [] });
      await put(1, 'ranker', { n: 1 });
      await put(2, 'ranker', { n: 2 });
      await put(3, 'gone', { n: 1 });
      const changes = ['gone', 'other'].map((key) => ({
        kind: 'model',
        key,
        action: 'put',
        value: key === 'gone' ? null : { n: 3 },
      }));
      await store.commit({ baseRevision: 4, changes, actor });
      const now = await store.readAll();
      expect(await since(known)).toEqual({
        revision: 5,
        commitId: now.commitId,
        changes: [
          { kind: 'model', key: 'ranker', document: now.documents.find(({ key }) => key === 'ranker') },
          { kind: 'model', key: 'gone', document: null },
          { kind: 'model', key: 'other', document: now.documents.find(({ key }) => key === 'other') },
        ],
      });
    });

    it('tells nothing of the way from a commit that is not in this log', async () => {
      await put(0, 'ranker', { n: 1 });
      await put(1, 'ranker', { n: 2 });
      const { commitId } = await store.readAll();
      expect(await store.readSince({ revision: 1, commitId: randomUUID() })).toBeNull();
      expect(await store.readSince({ revision: 7, commitId: commitId ?? '' })).toBeNull();
      expect(await store.readSince({ revision: 2, commitId: commitId ?? '' })).toMatchObject({ changes: [] });
    });

    it('keeps long lists in parts, shared by the lists that name them, and sweeps what nobody names', async () => {
      const shared = await store.writeSegmentChunk(['a', 1, 'é']);
      const first = await store.writeSegmentList([shared]);
      const own = await store.writeSegmentChunk(['b']);
      const second = await store.writeSegmentList([shared, own]);
      const orphan = await store.writeSegmentChunk(['c']);
      expect(await store.segmentList(second.id)).toEqual({ id: second.id, count: 4, chunks: [shared, own] });
      expect(await store.segmentValues(shared.id)).toEqual(['a', 1, 'é']);
      expect(new Uint8Array((await store.segmentHashes(shared.id)) ?? [])).toEqual(hashesOf(['a', 1, 'é']));

      const left = async () => {
        const lists = await Promise.all([first, second].map(({ id }) => store.segmentList(id)));
        const chunks = await Promise.all([shared, own, orphan].map(({ id }) => store.segmentHashes(id)));
        return [lists, chunks].map((found) => found.map((one) => one !== null));
      };
      await store.sweepSegmentLists({ kept: new Set([second.id]), olderThanMs: 3_600_000 });
      expect(await left()).toEqual([
        [true, true],
        [true, true, true],
      ]);
      await store.sweepSegmentLists({ kept: new Set([first.id]), olderThanMs: 0 });
      expect(await left()).toEqual([
        [true, false],
        [true, false, false],
      ]);
    });

    it('builds the next change to a document on the one that its dead writer left in the log', async () => {
      const { proxy, store: dying } = await connectThroughProxy();
      const { reached } = proxy.intercept({ command: 'update', collection: 'documents', action: 'drop' });
      void reached.then(() => proxy.goAway());
      await put(0, 'ranker', { n: 1 }, dying);
      expect(await put(1, 'ranker', { n: 2 })).toMatchObject({
        documents: [{ createdAt: '2026-01-01T00:00:01.000Z', revision: 2 }],
      });
      expect((await store.audit({ limit: 1 }))[0]).toMatchObject({ before: { n: 1 }, after: { n: 2 } });
    });

    it('does not let a late writer resurrect what was deleted meanwhile', async () => {
      const { proxy, store: slow } = await connectThroughProxy();
      const held = proxy.intercept({ command: 'update', collection: 'documents', action: 'hold' });
      const slowCommit = put(0, 'ranker', { n: 1 }, slow);
      await held.reached;
      expect(await put(1, 'ranker', null)).toMatchObject({ ok: true, revision: 2 });
      held.release();
      expect(await slowCommit).toMatchObject({ ok: true, revision: 1 });
      expect(await store.readAll()).toMatchObject({ revision: 2, documents: [] });
      expect(await rawDocument('model/ranker')).toMatchObject({ revision: 2 });
    });

    it('recognises its own commit when only the answer was lost', async () => {
      const { proxy, store: deaf } = await connectThroughProxy();
      const { reached } = proxy.intercept({ command: 'insert', collection: 'audit', action: 'mute' });
      expect(await put(0, 'ranker', { n: 1 }, deaf)).toMatchObject({ ok: true, revision: 1 });
      await reached;
      expect(await store.audit({ limit: 9 })).toHaveLength(1);
    });

    it('keeps who, when, what, before and after of every change, newest first', async () => {
      await put(0, 'ranker', { n: 1 });
      await put(1, 'other', { n: 2 });
      await store.commit({
        baseRevision: 2,
        changes: [{ kind: 'model', key: 'ranker', action: 'delete', value: null }],
        actor: { name: 'guardrail', address: null },
      });
      const entries = await store.audit({ limit: 10 });
      expect(entries.map(({ revision }) => revision)).toEqual([3, 2, 1]);
      expect(entries[0]).toEqual({
        revision: 3,
        at: '2026-01-01T00:00:03.000Z',
        actor: { name: 'guardrail', key: null, address: null },
        kind: 'model',
        key: 'ranker',
        action: 'delete',
        before: { n: 1 },
        after: null,
      });
      expect(entries[2]).toMatchObject({ actor, before: null, after: { n: 1 } });
    });

    it('pages through the audit log, of everything or of one document', async () => {
      for (let base = 0; base < 6; base += 1) await put(base, base % 2 === 0 ? 'even' : 'odd', { base });
      const revisions = async (options: Parameters<typeof store.audit>[0]) =>
        (await store.audit(options)).map(({ revision }) => revision);
      expect(await revisions({ limit: 2 })).toEqual([6, 5]);
      expect(await revisions({ limit: 2, beforeRevision: 5 })).toEqual([4, 3]);
      expect(await revisions({ limit: 9, kind: 'model', key: 'odd' })).toEqual([6, 4, 2]);
      expect(await revisions({ limit: 9, kind: 'model', key: 'odd', beforeRevision: 4 })).toEqual([2]);
      expect(await revisions({ limit: 9, kind: 'target' })).toEqual([]);
    });

    it('gives back every JSON value as it was, whatever its keys', async () => {
      const value = {
        audience: { 'tenant.plan': { $in: ['pro'] }, $or: [{ 'a.b': { $gt: 1 } }] },
        'ключ.😀': '\u0000\ud800',
        ['__proto__']: { polluted: true },
        '': [null, 1.5, 1e300, 9007199254740991, -0.1, [], {}],
      };
      await put(0, 'odd.$key/with "quotes" and 😀', value);
      const { documents } = await store.readAll();
      expect(documents[0]?.key).toBe('odd.$key/with "quotes" and 😀');
      expect(JSON.stringify(documents[0]?.value)).toBe(JSON.stringify(value));
    });

    it('gives back any JSON value as it was', async () => {
      let base = 0;
      await fc.assert(
        fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), async (value) => {
          base = (await put(base, 'any', value)).revision;
          const { documents } = await store.readAll();
          expect(JSON.stringify(documents[0]?.value)).toBe(JSON.stringify(value));
        }),
        { numRuns: 25 },
      );
    });

    it('takes a document of 7 MiB twice over, and refuses one past it by its size', async () => {
      const overhead = JSON.stringify({ text: '' }).length;
      const largest = { text: 'x'.repeat(7 * 1024 * 1024 - overhead) };
      expect(await put(0, 'large', largest)).toMatchObject({ ok: true });
      expect(await put(1, 'large', largest)).toMatchObject({ ok: true });
      await expect(put(2, 'large', { text: `${largest.text}x` })).rejects.toThrow(
        'model "large" has 7340033 bytes; a document may have 7340032',
      );
      expect(await store.revision()).toBe(2);
    });

    it('refuses a commit that the log could not hold', async () => {
      const text = 'x'.repeat(5 * 1024 * 1024);
      const changes = ['a', 'b', 'c'].map((key) => ({
        kind: 'model',
        key,
        action: 'create',
        value: { text },
      }));
      await expect(store.commit({ baseRevision: 0, changes, actor })).rejects.toThrow('split it');
      expect(await store.revision()).toBe(0);
    });

    it('refuses a kind with a slash, which could be mistaken for another document', async () => {
      const change = { kind: 'a/b', key: 'c', action: 'put', value: {} };
      await expect(store.commit({ baseRevision: 0, changes: [change], actor })).rejects.toThrow(
        'the kind "a/b" has a slash',
      );
    });

    it('makes a secret once, however many ask for it at once', async () => {
      const other = await connect();
      const asked = Array.from({ length: 10 }, (_, n) =>
        (n % 2 === 0 ? store : other).secret('tenant/acme', () => randomUUID()),
      );
      expect(new Set(await Promise.all(asked)).size).toBe(1);
      expect(await store.secret('tenant/acme', () => 'another')).toBe(await asked[0]);
    });

    it('replaces a secret for good, for whoever reads it next', async () => {
      const other = await connect();
      await store.secret('tenant/acme', () => 'first');
      await store.replaceSecret('tenant/acme', 'second');
      await store.replaceSecret('tenant/new', 'made');
      expect(await other.secrets('tenant/')).toEqual(
        new Map([
          ['tenant/acme', 'second'],
          ['tenant/new', 'made'],
        ]),
      );
    });

    it('lists secrets by prefix, deletes them for good, and shows none in documents or audit', async () => {
      for (const name of ['tenant/a', 'tenant/b😀', 'tenants', 'admin'])
        await store.secret(name, () => `of ${name}`);
      expect(await store.secrets('tenant/')).toEqual(
        new Map([
          ['tenant/a', 'of tenant/a'],
          ['tenant/b😀', 'of tenant/b😀'],
        ]),
      );
      await store.deleteSecret('tenant/a');
      await store.deleteSecret('tenant/a');
      expect([...(await store.secrets('tenant/')).keys()]).toEqual(['tenant/b😀']);
      expect(await store.revision()).toBe(0);
      expect(await store.audit({ limit: 9 })).toEqual([]);
    });

    it('remembers the last use of each key, whoever tells it first', async () => {
      await store.recordKeyUses(
        new Map([
          ['a', '2026-01-01T00:00:02.000Z'],
          ['b', '2026-01-01T00:00:01.000Z'],
        ]),
      );
      await store.recordKeyUses(
        new Map([
          ['a', '2026-01-01T00:00:01.000Z'],
          ['b', '2026-01-01T00:00:03.000Z'],
        ]),
      );
      expect(await store.keyUses(['a', 'b', 'c'])).toEqual(
        new Map([
          ['a', '2026-01-01T00:00:02.000Z'],
          ['b', '2026-01-01T00:00:03.000Z'],
        ]),
      );
      expect(await store.revision()).toBe(0);
    });

    it('lets one owner hold a lease until its time is up or it is given up', async () => {
      const claim = (owner: string, ttlMs: number) => ({ name: 'automation', owner, ttlMs });
      expect(await store.holdLease(claim('a', 3_600_000))).toBe(true);
      expect(await store.holdLease(claim('b', 3_600_000))).toBe(false);
      expect(await store.holdLease({ ...claim('b', 3_600_000), name: 'guardrails' })).toBe(true);
      // The test's clock moves a second with each question.
      expect(await store.holdLease(claim('a', 500))).toBe(true);
      expect(await store.holdLease(claim('b', 3_600_000))).toBe(true);
      expect(await store.holdLease(claim('a', 500))).toBe(false);
      await store.releaseLease(claim('a', 0));
      expect(await store.holdLease(claim('a', 500))).toBe(false);
      await store.releaseLease(claim('b', 0));
      expect(await store.holdLease(claim('a', 500))).toBe(true);
    });

    it('gives a lease that many ask for at once to one of them', async () => {
      const owners = Array.from({ length: 8 }, (_, index) => `owner-${index}`);
      const held = await Promise.all(
        owners.map((owner) => store.holdLease({ name: 'automation', owner, ttlMs: 3_600_000 })),
      );
      expect(held.filter(Boolean)).toHaveLength(1);
    });

    it('keeps the first assignment of each unit until its time is over or its tenant is forgotten', async () => {
      const kept = (variant: string) => ({ variant, revision: 3, propensityBp: 5_000 });
      const hour = 3_600_000;
      const first = { 'acme/r@1@0/user/a': kept('v0'), 'acme/r@1@0/user/b': kept('v1') };
      expect(await store.keepAssignments(new Map(Object.entries(first)), hour)).toEqual([]);
      const again = {
        'acme/r@1@0/user/b': kept('v0'),
        'acme-2/r@1@0/user/a': kept('v1'),
        'acme/r@1@0/user/c': kept('v1'),
      };
      expect(await store.keepAssignments(new Map(Object.entries(again)), 2_000)).toEqual([
        'acme/r@1@0/user/b',
      ]);
      const ids = [...Object.keys({ ...first, ...again }), 'acme/r@1@0/user/nobody'];
      // The clock of this store moves on by a second each time that it is asked.
      expect(Object.fromEntries(await store.stickyAssignments(ids))).toEqual({ ...again, ...first });
      expect(Object.fromEntries(await store.stickyAssignments(ids))).toEqual(first);
      await store.removeExpiredAssignments();
      await store.removeExpiredAssignments();
      expect(await store.keepAssignments(new Map([['acme-2/r@1@0/user/a', kept('v0')]]), hour)).toEqual([]);
      await store.forgetAssignments('acme');
      expect([...(await store.stickyAssignments(ids)).keys()]).toEqual(['acme-2/r@1@0/user/a']);
    });

    it('rejects within a bounded time while the server is away, and works again when it is back', async () => {
      const { proxy, store: cutOff } = await connectThroughProxy();
      await put(0, 'ranker', { n: 1 }, cutOff);
      proxy.goAway();
      const unreachable = { name: 'StoreUnavailableError', code: 'unreachable', cause: expect.any(Error) };
      await Promise.all(
        [
          cutOff.revision(),
          cutOff.readAll(),
          cutOff.audit({ limit: 1 }),
          put(1, 'ranker', { n: 2 }, cutOff),
          cutOff.secret('tenant/acme', () => 'x'),
          cutOff.secrets('tenant/'),
          cutOff.deleteSecret('tenant/acme'),
          cutOff.stickyAssignments(['acme/r@1@0/user/a']),
          cutOff.holdLease({ name: 'automation', owner: 'a', ttlMs: 1 }),
          cutOff.releaseLease({ name: 'automation', owner: 'a' }),
        ].map((operation) => expect(operation).rejects.toMatchObject(unreachable)),
      );
      proxy.comeBack();
      expect(await cutOff.revision()).toBe(1);
      expect(await put(1, 'ranker', { n: 2 }, cutOff)).toMatchObject({ ok: true, revision: 2 });
    });
  });
}

function valuesByKey(documents: readonly StoredDocument[]) {
  return new Map(documents.map(({ key, value }) => [key, value]));
}

/** The configuration at a revision, made from the log alone: what the store is held against. */
function replay(entries: readonly AuditEntry[], revision: number) {
  const values = new Map<string, AuditEntry['after']>();
  for (const { key, after } of entries.filter((entry) => entry.revision <= revision).reverse()) {
    if (after === null) values.delete(key);
    else values.set(key, after);
  }
  return values;
}
