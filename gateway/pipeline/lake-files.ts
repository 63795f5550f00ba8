import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import type { ObjectInfo, ObjectStore } from '../../models/artifacts/object-store.ts';

const PARALLEL_DOWNLOADS = 8;

/** Objects of the lake as files for DuckDB: in place where the lake is a directory, else copies by name and tag. */
export class LakeFiles {
  readonly #lake: ObjectStore;
  readonly #directory: string;
  readonly #inPlace: boolean;

  /** `directory`: where copies go. */
  constructor(lake: ObjectStore, directory: string) {
    this.#lake = lake;
    this.#directory = directory;
    this.#inPlace = lake.uri.startsWith('file:');
  }

  /** The paths of objects, in their order, each fetched unless it is there. Throws ObjectStoreError. */
  async paths(objects: readonly ObjectInfo[]): Promise<string[]> {
    const waiting = [...objects.entries()];
    const paths: string[] = [];
    const fetchNext = async () => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        const [index, object] = next;
        paths[index] = await this.path(object);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_DOWNLOADS }, fetchNext));
    return paths;
  }

  /** The name of a copy keeps the partition, which DuckDB reads from it. */
  async path(object: ObjectInfo): Promise<string> {
    const path = this.#pathOf(object);
    if (this.#inPlace || existsSync(path)) return path;
    await mkdir(dirname(path), { recursive: true });
    const partial = `${path}.${randomUUID()}.partial`;
    await pipeline(await this.#lake.read(object.name), createWriteStream(partial));
    await rename(partial, path);
    return path;
  }

  /** Lets copies go; the objects stay. */
  async forget(objects: readonly ObjectInfo[]): Promise<void> {
    if (this.#inPlace) return;
    await Promise.all(objects.map((object) => rm(this.#pathOf(object), { force: true })));
  }

  #pathOf({ name, tag }: ObjectInfo): string {
    if (this.#inPlace) return join(fileURLToPath(this.#lake.uri), name);
    const version = createHash('sha256').update(tag).digest('hex').slice(0, 16);
    return join(this.#directory, `${name.replace(/\.parquet$/, '')}@${version}.parquet`);
  }
}
