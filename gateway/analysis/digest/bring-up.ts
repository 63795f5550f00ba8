import { type DuckDBConnection, INTEGER, LIST, listValue, VARCHAR } from '@duckdb/node-api';
import type { ObjectInfo } from '../../../models/artifacts/object-store.ts';
import type { LakeReader } from '../../pipeline/lake-reader.ts';
import { execute, rowsOf } from '../../pipeline/query.ts';
import type { DigestTable } from './digest-schema.ts';
import { forgetFiles } from './forget-files.ts';
import { inTransaction } from './in-transaction.ts';
import { ingestFiles } from './ingest-files.ts';
import { settleCopies } from './settle-copies.ts';

/** Parquet read at a time: bounds memory, and what is done again after a crash. */
const BATCH_BYTES = 64 * 1024 * 1024;

/** A digest that is attached to a connection, and the lake that it is of. */
export interface AttachedDigest {
  readonly connection: DuckDBConnection;
  readonly lake: LakeReader;
}

/** Makes a table of the digest equal to these objects: forgets what has gone, reads what is new; how many it read. */
export async function bringUp(
  digest: AttachedDigest,
  table: DigestTable,
  objects: readonly ObjectInfo[],
): Promise<number> {
  const { connection } = digest;
  const wanted = new Set(objects.map(identity));
  const gone = (await knownFiles(connection, table)).filter((file) => !wanted.has(identity(file)));
  await forgetFiles(
    connection,
    table,
    gone.map(({ file }) => file),
  );
  const kept = new Set((await knownFiles(connection, table)).map(identity));
  const added = objects.filter((object) => !kept.has(identity(object)));
  for (const batch of batches(added)) await readWhole(digest, table, batch);
  await settleCopies(connection, table);
  return added.length;
}

/** One version of one object. */
export const identity = ({ name, tag }: { readonly name: string; readonly tag: string }) => `${name}\n${tag}`;

function knownFiles(
  connection: DuckDBConnection,
  { kind }: DigestTable,
): Promise<{ file: number; name: string; tag: string }[]> {
  return rowsOf(connection, `SELECT file, name, tag FROM digest.file WHERE kind = '${kind}'`);
}

/** What is damaged is left out: the next listing has it no more. */
async function readWhole(
  digest: AttachedDigest,
  table: DigestTable,
  objects: readonly ObjectInfo[],
): Promise<void> {
  try {
    await read(digest, table, objects);
  } catch (error) {
    await read(digest, table, await digest.lake.readableOf(objects, error));
  }
}

async function read(
  { connection, lake }: AttachedDigest,
  table: DigestTable,
  objects: readonly ObjectInfo[],
): Promise<void> {
  if (objects.length === 0) return;
  const paths = await lake.pathsOf(objects);
  const [next] = await rowsOf<{ file: number }>(
    connection,
    'SELECT coalesce(max(file), 0) + 1 AS file FROM digest.file',
  );
  const firstFile = next?.file ?? 1;
  await inTransaction(connection, async () => {
    await ingestFiles(connection, table, { paths, firstFile });
    await execute(connection, NOTE_FILES, {
      ...{ firstFile: { value: firstFile, type: INTEGER }, kind: { value: table.kind, type: VARCHAR } },
      names: { value: listValue(objects.map(({ name }) => name)), type: LIST(VARCHAR) },
      tags: { value: listValue(objects.map(({ tag }) => tag)), type: LIST(VARCHAR) },
    });
  });
  await lake.forget(objects);
}

const NOTE_FILES = `
  INSERT INTO digest.file BY NAME
  SELECT ($firstFile + place - 1)::INTEGER AS file, $kind AS kind, name, tag, false AS settled
  FROM (SELECT unnest($names) AS name, unnest($tags) AS tag, generate_subscripts($names, 1) AS place)`;

function* batches(objects: readonly ObjectInfo[]): Generator<ObjectInfo[]> {
  let batch: ObjectInfo[] = [];
  let bytes = 0;
  for (const object of objects) {
    if (batch.length > 0 && bytes + object.sizeBytes > BATCH_BYTES) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(object);
    bytes += object.sizeBytes;
  }
  if (batch.length > 0) yield batch;
}
