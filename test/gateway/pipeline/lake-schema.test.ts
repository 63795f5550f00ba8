import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LAKE_COLUMNS, LAKE_SCHEMA_VERSION, schemaTable } from '../../../gateway/pipeline/lake-schema.ts';
import { RECORD_KINDS } from '../../../gateway/pipeline/spool-layout.ts';
import { exposure, invocation, outcome } from '../../support/records.ts';

describe('the schema of the lake', () => {
  it('is what docs/lake.md says', async () => {
    const document = await readFile(join(import.meta.dirname, '../../../docs/lake.md'), 'utf8');

    expect(document).toContain(`## Schema, version ${LAKE_SCHEMA_VERSION}`);
    for (const kind of RECORD_KINDS) expect(document).toContain(schemaTable(kind));
  });

  it('has a column for every field but the partition', () => {
    expect(Object.keys(LAKE_COLUMNS.exposures).sort()).toEqual(fieldsOf(exposure()));
    expect(Object.keys(LAKE_COLUMNS.outcomes).sort()).toEqual(fieldsOf(outcome()));
    expect(Object.keys(LAKE_COLUMNS.invocations).sort()).toEqual(fieldsOf(invocation()));
  });
});

const fieldsOf = (record: object) =>
  Object.keys(record)
    .filter((field) => field !== 'tenant')
    .sort();
