import { randomUUID } from 'node:crypto';
import { constants, type Dirent } from 'node:fs';
import { link, mkdir, open, readdir, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { assertObjectName, compareNames } from './object-name.ts';
import { type ObjectInfo, type ObjectStore, ObjectStoreError } from './object-store.ts';
import { translateErrors } from './translate-errors.ts';

/** Unfinished writes; a crash may leave one behind, and no listing shows it. */
const TEMPORARY = /^\.[0-9a-f-]{36}\.writing$/;

const CODES: Readonly<Record<string, ObjectStoreError['code']>> = {
  ENOENT: 'not-found',
  ENOTDIR: 'not-found',
  EISDIR: 'not-found',
  EEXIST: 'exists',
  EACCES: 'forbidden',
  EPERM: 'forbidden',
  ELOOP: 'forbidden',
};

const errnoOf = (error: unknown) => (error as NodeJS.ErrnoException | null)?.code ?? '';

/** A directory as an object store, for local work. Writes are atomic and durable when they return. */
export class FileStore implements ObjectStore {
  readonly uri: string;
  readonly #root: string;

  /** `root`: an absolute path, made on the first write. */
  constructor(root: string) {
    this.#root = root;
    this.uri = pathToFileURL(root).href.replace(/\/$/, '');
  }

  async read(name: string, options: { fromByte?: number; signal?: AbortSignal } = {}): Promise<Readable> {
    const { fromByte = 0, signal } = options;
    try {
      signal?.throwIfAborted();
      const file = await open(await this.#existing(name), constants.O_RDONLY | constants.O_NOFOLLOW);
      const stream = file.createReadStream({ start: fromByte, ...(signal && { signal }) });
      return translateErrors(stream, (error) => this.#error(name, error));
    } catch (error) {
      throw this.#error(name, error);
    }
  }

  async info(name: string): Promise<ObjectInfo> {
    try {
      return await describeFile(name, await this.#existing(name));
    } catch (error) {
      throw this.#error(name, error);
    }
  }

  async write(name: string, content: Uint8Array, options: { ifAbsent?: boolean } = {}): Promise<void> {
    assertWritable(name);
    const path = join(this.#root, name);
    const temporary = join(dirname(path), `.${randomUUID()}.writing`);
    try {
      const made = await mkdir(dirname(path), { recursive: true });
      await this.#assertInside(dirname(path));
      await writeDurably(temporary, content);
      // link() fails where the name is taken; rename() replaces it. Both show the whole object or none.
      await (options.ifAbsent ? link(temporary, path) : rename(temporary, path));
      await syncDirectories(dirname(path), made === undefined ? dirname(path) : dirname(made));
    } catch (error) {
      if (isNameClash(error)) {
        const message = `${this.uri}/${name} cannot be written: a part of the name is both a file and a directory`;
        throw new ObjectStoreError('invalid-name', message, { cause: error });
      }
      throw this.#error(name, error);
    } finally {
      await unlink(temporary).catch(ignoreMissing);
    }
  }

  async *list(prefix: string, options: { signal?: AbortSignal } = {}): AsyncIterable<ObjectInfo> {
    try {
      for await (const name of this.#walk('', prefix)) {
        options.signal?.throwIfAborted();
        const info = await this.#listed(name);
        if (info !== null) yield info;
      }
    } catch (error) {
      throw this.#error(prefix, error);
    }
  }

  async remove(name: string): Promise<void> {
    try {
      assertWritable(name);
      await this.#assertInside(dirname(join(this.#root, name)));
      await unlink(join(this.#root, name));
    } catch (error) {
      const failure = this.#error(name, error);
      if (failure.code !== 'not-found') throw failure;
    }
  }

  /** Names below `directory` that begin with the prefix, in name order; it enters no directory in vain. */
  async *#walk(directory: string, prefix: string): AsyncIterable<string> {
    const entries = await readdir(join(this.#root, directory), { withFileTypes: true }).catch(emptyIfMissing);
    const names = entries
      .filter((entry) => !TEMPORARY.test(entry.name))
      .map((entry) => `${directory}${entry.name}${entry.isDirectory() ? '/' : ''}`)
      .sort(compareNames);
    for (const name of names) {
      const isDirectory = name.endsWith('/');
      if (isDirectory && (name.startsWith(prefix) || prefix.startsWith(name)))
        yield* this.#walk(name, prefix);
      if (!isDirectory && name.startsWith(prefix)) yield name;
    }
  }

  /** Null for a name that went away, or leads away, between listing and looking. */
  async #listed(name: string): Promise<ObjectInfo | null> {
    try {
      return await this.info(name);
    } catch (error) {
      if (error instanceof ObjectStoreError && ['not-found', 'forbidden'].includes(error.code)) return null;
      throw error;
    }
  }

  /** The real path of an object that is there. */
  async #existing(name: string): Promise<string> {
    assertWritable(name);
    const path = await this.#assertInside(join(this.#root, name));
    if (!(await stat(path)).isFile())
      throw new ObjectStoreError('not-found', `${this.uri}/${name} is no file`);
    return path;
  }

  /** Refuses a path that a symbolic link leads out of the root. */
  async #assertInside(path: string): Promise<string> {
    const [real, root] = await Promise.all([realpath(path), realpath(this.#root)]);
    if (real === root || real.startsWith(root.endsWith(sep) ? root : root + sep)) return real;
    throw new ObjectStoreError('forbidden', `${this.uri}: a symbolic link leads out of the store`);
  }

  #error(name: string, error: unknown): ObjectStoreError {
    if (error instanceof ObjectStoreError) return error;
    const code = CODES[errnoOf(error)] ?? 'unavailable';
    const reason = error instanceof Error ? error.message : String(error);
    return new ObjectStoreError(code, `${this.uri}/${name}: ${code} (${reason})`, { cause: error });
  }
}

/** mkdir's EEXIST is a file in the way; link's is the object that `ifAbsent` asks about. */
function isNameClash(error: unknown): boolean {
  const code = errnoOf(error);
  const fromMkdir = (error as NodeJS.ErrnoException | null)?.syscall === 'mkdir';
  return ['ENOTDIR', 'EISDIR', 'ENOTEMPTY'].includes(code) || (code === 'EEXIST' && fromMkdir);
}

function assertWritable(name: string): void {
  assertObjectName(name);
  if (TEMPORARY.test(basename(name))) {
    throw new ObjectStoreError('invalid-name', `${JSON.stringify(name)} is reserved for unfinished writes`);
  }
}

async function describeFile(name: string, path: string): Promise<ObjectInfo> {
  const { size, mtimeNs, ino } = await stat(path, { bigint: true });
  // Every write makes a new inode, so two writes within one clock tick still differ.
  return { name, sizeBytes: Number(size), tag: `${size}-${mtimeNs}-${ino}` };
}

async function writeDurably(path: string, content: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** From the deepest up to `last`: a file is durable once every directory that leads to it is. */
async function syncDirectories(deepest: string, last: string): Promise<void> {
  for (let path = deepest; ; path = dirname(path)) {
    const directory = await open(path, 'r');
    await directory.sync().finally(() => directory.close());
    if (path === last || path === dirname(path)) return;
  }
}

function ignoreMissing(error: unknown): void {
  if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw error;
}

function emptyIfMissing(error: unknown): Dirent[] {
  ignoreMissing(error);
  return [];
}
