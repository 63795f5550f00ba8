import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../../models/artifacts/object-store.ts';

export interface ObjectStoreHarness {
  /** An empty store of its own. */
  readonly open: () => Promise<ObjectStore> | ObjectStore;
  /** A store whose objects this process may not read, where such a thing can be had. */
  readonly openForbidden?: () => Promise<ObjectStore> | ObjectStore;
  /** A store whose server is away, where there is a server. */
  readonly openUnavailable?: () => Promise<ObjectStore> | ObjectStore;
}

const bytes = (text: string) => Buffer.from(text);
async function textOf(store: ObjectStore, name: string, fromByte = 0): Promise<string> {
  return (await buffer(await store.read(name, { fromByte }))).toString();
}
export async function namesOf(store: ObjectStore, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of store.list(prefix)) names.push(name);
  return names;
}

/** What every object store promises; run once per implementation. */
export function describeObjectStore(title: string, harness: ObjectStoreHarness): void {
  describe(title, () => {
    it('gives back what was written, whole or from a byte on', async () => {
      const store = await harness.open();
      await store.write('models/ranker/v1.onnx', bytes('0123456789'));
      expect(await textOf(store, 'models/ranker/v1.onnx')).toBe('0123456789');
      expect(await textOf(store, 'models/ranker/v1.onnx', 7)).toBe('789');
      expect(await textOf(store, 'models/ranker/v1.onnx', 10)).toBe('');
    });

    it('carries bytes of any value and size, and none', async () => {
      const store = await harness.open();
      const large = Buffer.alloc(3_000_000, Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)));
      await store.write('large', large);
      await store.write('empty', new Uint8Array());
      expect((await buffer(await store.read('large'))).equals(large)).toBe(true);
      expect(await textOf(store, 'empty')).toBe('');
      expect(await store.info('large')).toMatchObject({ name: 'large', sizeBytes: 3_000_000 });
    });

    it('takes only the bytes of a view, not of the buffer behind it', async () => {
      const store = await harness.open();
      await store.write('view', bytes('abcdef').subarray(2, 4));
      expect(await textOf(store, 'view')).toBe('cd');
    });

    it('keeps names with spaces and letters of any script apart', async () => {
      const store = await harness.open();
      const names = ['tenant=a b/date=2026-11-24/1+1%20.parquet', 'tenant=é/😀#?.parquet'];
      for (const name of names) await store.write(name, bytes(name));
      for (const name of names) expect(await textOf(store, name)).toBe(name);
      expect(await namesOf(store, 'tenant=')).toEqual(names);
    });

    it('changes the tag with each write, and only then', async () => {
      const store = await harness.open();
      await store.write('repository.json', bytes('one'));
      const first = await store.info('repository.json');
      expect(await store.info('repository.json')).toEqual(first);
      await store.write('repository.json', bytes('two'));
      expect((await store.info('repository.json')).tag).not.toBe(first.tag);
      expect(await textOf(store, 'repository.json')).toBe('two');
    });

    it('says not-found for an object that is not there', async () => {
      const store = await harness.open();
      await store.write('a/b', bytes('x'));
      for (const name of ['missing', 'a', 'a/b/c']) {
        await expect(store.read(name)).rejects.toMatchObject({ name: 'ObjectStoreError', code: 'not-found' });
        await expect(store.info(name)).rejects.toMatchObject({ name: 'ObjectStoreError', code: 'not-found' });
      }
    });

    it('lets exactly one of many conditional writers win', async () => {
      const store = await harness.open();
      const writes = Array.from({ length: 8 }, (_, writer) =>
        store.write('lock', bytes(`writer ${writer}`), { ifAbsent: true }),
      );
      const outcomes = await Promise.allSettled(writes);
      const losers = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(losers.map(({ reason }) => reason.code)).toEqual(Array(7).fill('exists'));
      const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
      expect(await textOf(store, 'lock')).toBe(`writer ${winner}`);
    });

    it('lists what begins with the prefix, in byte order, and nothing else', async () => {
      const store = await harness.open();
      const names = ['b', 'a/2', 'a.txt', 'a/1', 'a/1/deep', 'ab', '\u{1f600}', '\uffee'].filter(
        (n) => n !== 'a/1',
      );
      for (const name of names) await store.write(name, bytes(name));
      expect(await namesOf(store, '')).toEqual([
        'a.txt',
        'a/1/deep',
        'a/2',
        'ab',
        'b',
        '\uffee',
        '\u{1f600}',
      ]);
      expect(await namesOf(store, 'a/')).toEqual(['a/1/deep', 'a/2']);
      expect(await namesOf(store, 'a/1')).toEqual(['a/1/deep']);
      expect(await namesOf(store, 'nothing')).toEqual([]);
      for await (const info of store.list('b')) expect(info).toEqual(await store.info('b'));
    });

    it('removes an object, and one that is not there counts as removed', async () => {
      const store = await harness.open();
      await store.write('x', bytes('x'));
      await store.remove('x');
      await store.remove('x');
      await store.remove('no/such/thing');
      await expect(store.info('x')).rejects.toMatchObject({ code: 'not-found' });
    });

    it.each([
      '',
      '/etc/passwd',
      '..',
      '../x',
      'a/../../x',
      'a/./b',
      'a//b',
      'a/',
      'nul\0',
      'x'.repeat(1_025),
    ])('refuses %j as a name, whatever is asked of it', async (name) => {
      const store = await harness.open();
      const asked = [store.read(name), store.info(name), store.write(name, bytes('x')), store.remove(name)];
      for (const outcome of await Promise.allSettled(asked)) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'invalid-name' } });
      }
    });

    it('reads nothing for a caller who has left already', async () => {
      const store = await harness.open();
      await store.write('x', bytes('x'));
      await expect(store.read('x', { signal: AbortSignal.abort() })).rejects.toMatchObject({
        name: 'ObjectStoreError',
        code: 'unavailable',
      });
    });

    it.runIf(harness.openForbidden)('says forbidden where access is denied', async () => {
      const store = await harness.openForbidden?.();
      await expect(store?.read('x')).rejects.toMatchObject({ name: 'ObjectStoreError', code: 'forbidden' });
      await expect(store?.write('x', bytes('x'))).rejects.toMatchObject({ code: 'forbidden' });
    });

    it.runIf(harness.openUnavailable)('says unavailable where the server is away', async () => {
      const store = await harness.openUnavailable?.();
      await expect(store?.read('x')).rejects.toMatchObject({ name: 'ObjectStoreError', code: 'unavailable' });
    });
  });
}
