import type { Exposure, Outcome } from '../../experiments/exposure.ts';
import type { RecordKind } from './spool-layout.ts';

/** Stands in every file's metadata as `schema_version`. A new column keeps it; any other change raises it. */
export const LAKE_SCHEMA_VERSION = 1;

/** One column of the lake: its name there, how it comes out of the record's field, what it says. */
export interface LakeColumn {
  readonly name: string;
  /** DuckDB's name of the Parquet column's type. `instant` fields are milliseconds in the record. */
  readonly type: 'VARCHAR' | 'INTEGER' | 'DOUBLE' | 'BOOLEAN' | 'TIMESTAMPTZ';
  readonly nullable: boolean;
  readonly meaning: string;
}

/** `tenant` is a partition, not a column. */
type Columns<Record> = Readonly<{ [Field in Exclude<keyof Record, 'tenant'>]-?: LakeColumn }>;

const text = (name: string, meaning: string): LakeColumn => ({
  name,
  type: 'VARCHAR',
  nullable: false,
  meaning,
});
const instant = (name: string, meaning: string): LakeColumn => ({
  name,
  type: 'TIMESTAMPTZ',
  nullable: false,
  meaning,
});
const whole = (name: string, meaning: string): LakeColumn => ({
  name,
  type: 'INTEGER',
  nullable: false,
  meaning,
});
const optional = (column: LakeColumn): LakeColumn => ({ ...column, nullable: true });

const exposures: Columns<Exposure> = {
  id: text('id', 'UUID v7; duplicates fall to it'),
  at: instant('at', 'When the assignment was used'),
  endpoint: text('endpoint', 'What the tenant called'),
  experiment: text('experiment', 'Key of the experiment'),
  revision: whole('revision', 'Revision of the experiment that assigned'),
  variant: text('variant', 'As assigned'),
  unit: text('unit', "Pseudonym of the unit under the tenant's key"),
  propensityBp: whole('propensity_bp', 'Probability of this variant among the enrolled, basis points'),
  requestId: text('request_id', 'The `x-request-id` of the answer'),
  assignedTarget: text('assigned_target', "The variant's target"),
  servedTarget: optional(text('served_target', 'The target that answered; null when none did')),
  model: optional(text('model', 'Model that answered')),
  version: optional(text('version', 'Version that answered')),
  cloud: optional(text('cloud', 'Cloud that answered')),
  region: optional(text('region', 'Region that answered')),
  fallback: {
    name: 'fallback',
    type: 'BOOLEAN',
    nullable: false,
    meaning: 'Another target than the assigned one answered',
  },
  attempts: whole('attempts', 'Attempts made, the last one included'),
  status: whole('status', 'HTTP status of the answer'),
  error: optional(text('error', 'Code of the problem answered; null on success')),
  latencyMs: {
    name: 'latency_ms',
    type: 'DOUBLE',
    nullable: false,
    meaning: 'From arrival to the answer being ready to leave, ms',
  },
};

const outcomes: Columns<Outcome> = {
  id: text('id', 'Chosen by the tenant; duplicates fall to it'),
  at: instant('at', 'When it happened, as the tenant says'),
  receivedAt: instant('received_at', 'When the gateway took it in'),
  event: text('event', 'What happened'),
  unitType: text('unit_type', 'Kind of unit: `user`, `tenant`, …'),
  unit: text('unit', 'Pseudonym of the unit, as in the exposure'),
  value: {
    name: 'value',
    type: 'DOUBLE',
    nullable: true,
    meaning: 'What the event counts, where it counts something',
  },
  requestId: optional(text('request_id', 'The `x-request-id` of the answer that it follows')),
};

/** The lake's columns by the record's fields. docs/lake.md shows them and a test keeps the two equal. */
export const LAKE_COLUMNS: Readonly<Record<RecordKind, Readonly<Record<string, LakeColumn>>>> = {
  exposures,
  outcomes,
};

/** A kind's schema as a Markdown table, for docs/lake.md. */
export function schemaTable(kind: RecordKind): string {
  const rows = Object.values(LAKE_COLUMNS[kind]).map(
    ({ name, type, nullable, meaning }) =>
      `| \`${name}\` | ${type} | ${nullable ? 'yes' : ''} | ${meaning} |`,
  );
  return ['| column | type | null | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
