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

/** An object of one of the lakes that a digest is of. */
export interface LakeObject {
  readonly lake: LakeReader;
  readonly object: ObjectInfo;
}

/** Makes a table of the digest equal to these objects: forgets what has gone, reads what is new; how many it read. */
export async function bringUp(
  connection: DuckDBConnection,
  table: DigestTable,
  objects: readonly LakeObject[],
): Promise<number> {
  const wanted = new Set(objects.map(identity));
  const gone = (await knownFiles(connection, table)).filter(({ known }) => !wanted.has(known));
  await forgetFiles(
    connection,
    table,
    gone.map(({ file }) => file),
  );
  const kept = new Set((await knownFiles(connection, table)).map(({ known }) => known));
  const added = objects.filter((object) => !kept.has(identity(object)));
  for (const [lake, own] of Map.groupBy(added, ({ lake }) => lake))
    for (const batch of batches(own.map(({ object }) => object)))
      await readWhole({ connection, lake }, table, batch);
  await settleCopies(connection, table);
  return added.length;
}

/** One version of one object in one lake. */
export const identity = ({ lake, object: { name, tag } }: LakeObject) => `${lake.uri}\n${name}\n${tag}`;

async function knownFiles(
  connection: DuckDBConnection,
  { kind }: DigestTable,
): Promise<{ readonly file: number; readonly known: string }[]> {
  return rowsOf(
    connection,
    `SELECT file, concat_ws(chr(10), lake, name, tag) AS known FROM digest.file WHERE kind = '${kind}'`,
  );
}

/** Where rows go, and where they come from. */
interface Reading {
  readonly connection: DuckDBConnection;
  readonly lake: LakeReader;
}

/** What is damaged is left out: the next listing has it no more. */
async function readWhole(
  reading: Reading,
  table: DigestTable,
  objects: readonly ObjectInfo[],
): Promise<void> {
  try {
    await read(reading, table, objects);
  } catch (error) {
    await read(reading, table, await reading.lake.readableOf(objects, error));
  }
}

async function read(
  { connection, lake }: Reading,
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
      lake: { value: lake.uri, type: VARCHAR },
      names: { value: listValue(objects.map(({ name }) => name)), type: LIST(VARCHAR) },
      tags: { value: listValue(objects.map(({ tag }) => tag)), type: LIST(VARCHAR) },
    });
  });
  await lake.forget(objects);
}

const NOTE_FILES = `
  INSERT INTO digest.file BY NAME
  SELECT ($firstFile + place - 1)::INTEGER AS file, $kind AS kind, $lake AS lake, name, tag, false AS settled
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
