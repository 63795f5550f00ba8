import { createHash } from 'node:crypto';
import { type ObjectStore, ObjectStoreError } from '../../models/artifacts/object-store.ts';

const DIGEST_CHARACTERS = 12;

/**
 * Writes an object unless it is there with this content already, as after a crash between a write and its record.
 * Where the name is taken by another content (two machines that began as copies of one disk), the object goes under
 * a name of its own: at worst a row is there twice, and falls to its id, but none is overwritten.
 */
export async function writeOnce(lake: ObjectStore, name: string, content: Buffer): Promise<void> {
  if (await writeIfAbsent(lake, name, content)) return;
  if (content.equals(await readObject(lake, name))) return;
  const digest = createHash('sha256').update(content).digest('hex').slice(0, DIGEST_CHARACTERS);
  await writeIfAbsent(lake, name.replace(/\.parquet$/, `-x${digest}.parquet`), content);
}

/** False when the name is taken; one writer of any number is answered true. */
export async function writeIfAbsent(lake: ObjectStore, name: string, content: Uint8Array): Promise<boolean> {
  try {
    await lake.write(name, content, { ifAbsent: true });
    return true;
  } catch (error) {
    if (error instanceof ObjectStoreError && error.code === 'exists') return false;
    throw error;
  }
}

/** A whole object. */
export async function readObject(lake: ObjectStore, name: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await lake.read(name)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
