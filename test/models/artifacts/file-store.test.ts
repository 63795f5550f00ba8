import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openObjectStore } from '../../../models/artifacts/open-object-store.ts';
import { describeObjectStore, namesOf } from './object-store-contract.ts';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'file-store-'));
});
afterAll(() => rm(base, { recursive: true }));

const newRoot = () => join(base, crypto.randomUUID());
const open = (root: string) => openObjectStore(pathToFileURL(root).href);

describeObjectStore('a file store', {
  open: () => open(newRoot()),
  openForbidden: async () => {
    const root = newRoot();
    await mkdir(root);
    await symlink('/etc', join(root, 'x'));
    return { ...bound(open(root)), write: (_name, content) => open(root).write('x/y', content) };
  },
});

/** The store's own methods, so that one of them can be aimed elsewhere. */
function bound(store: ReturnType<typeof open>): ReturnType<typeof open> {
  return {
    uri: store.uri,
    read: () => store.read('x/hostname'),
    info: store.info.bind(store),
    write: store.write.bind(store),
    list: store.list.bind(store),
    remove: store.remove.bind(store),
  };
}

describe('a file store on a directory', () => {
  it('leaves no unfinished file behind, whether a write wins or loses', async () => {
    const root = newRoot();
    const store = open(root);
    await store.write('a/x', Buffer.from('1'));
    await expect(store.write('a/x', Buffer.from('2'), { ifAbsent: true })).rejects.toMatchObject({
      code: 'exists',
    });
    expect(await readdir(join(root, 'a'))).toEqual(['x']);
  });

  it('does not list what a crash left unfinished, nor lets it be named', async () => {
    const root = newRoot();
    const store = open(root);
    await store.write('x', Buffer.from('1'));
    const unfinished = `.${crypto.randomUUID()}.writing`;
    await writeFile(join(root, unfinished), 'half');
    expect(await namesOf(store, '')).toEqual(['x']);
    await expect(store.read(unfinished)).rejects.toMatchObject({ code: 'invalid-name' });
  });

  it('follows a symbolic link within the root, as mounted volumes have them, and none that leads out', async () => {
    const root = newRoot();
    const store = open(root);
    await store.write('data/model', Buffer.from('bytes'));
    await symlink('data/model', join(root, 'current'));
    await symlink('/etc/hostname', join(root, 'escape'));
    expect(await store.info('current')).toMatchObject({ sizeBytes: 5 });
    await expect(store.read('escape')).rejects.toMatchObject({ code: 'forbidden' });
    expect(await namesOf(store, '')).toEqual(['current', 'data/model']);
  });

  it('says so when a name would be both a file and a directory', async () => {
    const store = open(newRoot());
    await store.write('a', Buffer.from('1'));
    await store.write('b/c', Buffer.from('1'));
    await expect(store.write('a/b', Buffer.from('1'))).rejects.toMatchObject({ code: 'invalid-name' });
    await expect(store.write('b', Buffer.from('1'))).rejects.toMatchObject({ code: 'invalid-name' });
  });
});

describe('opening an object store', () => {
  it.each(['', 'models', '/models', 'http://host/x', 's3://', 'gs:///x', 'file://host/x', 'file:///a%zz'])(
    'refuses %j with what to write instead',
    (uri) => {
      expect(() => openObjectStore(uri)).toThrow(
        expect.objectContaining({ code: 'invalid-uri', message: expect.stringContaining('file:///path') }),
      );
    },
  );

  it.each([
    ['s3://bucket', 's3://bucket'],
    ['s3://bucket/a/b/', 's3://bucket/a/b'],
    ['gs://bucket/a', 'gs://bucket/a'],
    ['file:///tmp/a%20b/', 'file:///tmp/a%20b'],
  ])('knows %s as %s', (uri, canonical) => {
    expect(openObjectStore(uri).uri).toBe(canonical);
  });
});
