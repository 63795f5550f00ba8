import type { RecordKind } from '../../pipeline/spool-layout.ts';

/** Raised whenever the tables below, or what is put in them, change: an older digest is thrown away and made anew. */
export const DIGEST_VERSION = 5;

/** How one kind of record is kept in the digest: its rows narrow, what few values it has once in a table of its own. */
export interface DigestTable {
  readonly kind: RecordKind;
  /** Table of the rows. */
  readonly rows: string;
  /** Table of the distinct combinations of `attributes`. */
  readonly cells: string;
  /** Column of the lake, or an expression over it → its type in the digest. Combinations are few. */
  readonly attributes: Readonly<Record<string, { readonly from: string; readonly type: string }>>;
  /** One value per row. */
  readonly measures: Readonly<Record<string, { readonly from: string; readonly type: string }>>;
  /** Of copies of a record the one with the least of this measure counts. */
  readonly first: string;
}

const text = (from: string) => ({ from, type: 'VARCHAR' });
const instant = (from: string) => ({ from: `epoch_ms("${from}")`, type: 'BIGINT' });

const exposures: DigestTable = {
  kind: 'exposures',
  rows: 'exposure',
  cells: 'exposure_cell',
  attributes: {
    tenant: text('tenant'),
    endpoint: text('endpoint'),
    experiment: text('experiment'),
    revision: { from: 'revision', type: 'INTEGER' },
    variant: text('variant'),
    propensity_bp: { from: 'propensity_bp', type: 'INTEGER' },
    served_target: text('served_target'),
    model: text('model'),
    version: text('version'),
    cloud: text('cloud'),
    fallback: { from: 'fallback', type: 'BOOLEAN' },
    // Not one that a client reported itself: of those the gateway served nothing.
    served: { from: '(latency_ms IS NOT NULL)', type: 'BOOLEAN' },
    failed: { from: '(status >= 500 OR error IS NOT NULL)', type: 'BOOLEAN' },
    // Each has few values, but their combinations make this table as long as they are many.
    dimensions: { from: 'dimensions', type: 'MAP(VARCHAR, VARCHAR)' },
  },
  measures: {
    at_ms: instant('at'),
    latency_ms: { from: 'latency_ms', type: 'DOUBLE' },
    cost: { from: 'cost', type: 'DOUBLE' },
  },
  first: 'at_ms',
};

const outcomes: DigestTable = {
  kind: 'outcomes',
  rows: 'outcome',
  cells: 'outcome_cell',
  attributes: { tenant: text('tenant'), event: text('event'), unit_type: text('unit_type') },
  measures: {
    at_ms: instant('at'),
    received_ms: instant('received_at'),
    value: { from: 'value', type: 'DOUBLE' },
    // DuckDB hashes a null to a number as well.
    request_h: {
      from: 'CASE WHEN request_id IS NOT NULL THEN hash(tenant, request_id) END',
      type: 'UBIGINT',
    },
  },
  first: 'received_ms',
};

export const DIGEST_TABLES: readonly DigestTable[] = [exposures, outcomes];

/** What a row always has: hashes of its id and its unit within the tenant, its cell, the file it came from. */
const ROW_COLUMNS = 'id_h UBIGINT, unit_h UBIGINT, cell INTEGER, file INTEGER';

const columns = (fields: DigestTable['attributes']) =>
  Object.entries(fields)
    .map(([name, { type }]) => `"${name}" ${type}`)
    .join(', ');

/** Makes an empty digest in the attached database of that name. */
export function createDigestSql(database: string): string {
  const tables = DIGEST_TABLES.map(
    ({ rows, cells, attributes, measures }) => `
    CREATE TABLE ${database}.${rows} (${ROW_COLUMNS}, ${columns(measures)});
    CREATE TABLE ${database}.${cells} (cell INTEGER, cell_h UBIGINT, ${columns(attributes)});`,
  );
  return `
    CREATE TABLE ${database}.about (digest_version INTEGER, duckdb_version VARCHAR);
    INSERT INTO ${database}.about VALUES (${DIGEST_VERSION}, version());
    -- The objects whose rows are in here; settled, once copies of them elsewhere have been looked for.
    CREATE TABLE ${database}.file (
      file INTEGER, kind VARCHAR, lake VARCHAR, name VARCHAR, tag VARCHAR, settled BOOLEAN
    );
    -- Files of which one has a copy that counts instead of the other's.
    CREATE TABLE ${database}.overlap (kept INTEGER, dropped INTEGER);
    ${tables.join('')}`;
}
