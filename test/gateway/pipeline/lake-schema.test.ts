import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LAKE_COLUMNS, LAKE_SCHEMA_VERSION, schemaTable } from '../../../gateway/pipeline/lake-schema.ts';
import { exposure, outcome } from '../../support/records.ts';

describe('the schema of the lake', () => {
  it('is what docs/lake.md says', async () => {
    const document = await readFile(join(import.meta.dirname, '../../../docs/lake.md'), 'utf8');

    expect(document).toContain(`## Schema, version ${LAKE_SCHEMA_VERSION}`);
    expect(document).toContain(schemaTable('exposures'));
    expect(document).toContain(schemaTable('outcomes'));
  });

  it('has a column for every field but the partition', () => {
    expect(Object.keys(LAKE_COLUMNS.exposures).sort()).toEqual(fieldsOf(exposure()));
    expect(Object.keys(LAKE_COLUMNS.outcomes).sort()).toEqual(fieldsOf(outcome()));
  });
});

const fieldsOf = (record: object) =>
  Object.keys(record)
    .filter((field) => field !== 'tenant')
    .sort();
