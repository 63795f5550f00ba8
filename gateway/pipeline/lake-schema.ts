import type { Exposure, Outcome } from '../../experiments/exposure.ts';
import type { Invocation } from './invocation.ts';
import type { RecordKind } from './spool-layout.ts';

/** Stands in every file's metadata as `schema_version`. A new column keeps it; any other change raises it. */
export const LAKE_SCHEMA_VERSION = 2;

/** One column of the lake: its name there, how it comes out of the record's field, what it says. */
export interface LakeColumn {
  readonly name: string;
  /** DuckDB's name of the Parquet column's type. `instant` fields are milliseconds in the record. */
  readonly type: 'VARCHAR' | 'INTEGER' | 'DOUBLE' | 'BOOLEAN' | 'TIMESTAMPTZ' | 'MAP(VARCHAR, VARCHAR)';
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
const number = (name: string, meaning: string): LakeColumn => ({
  name,
  type: 'DOUBLE',
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
  status: optional(whole('status', 'HTTP status of the answer; null where the client reported the exposure')),
  error: optional(text('error', 'Code of the problem answered; null on success')),
  latencyMs: optional(
    number('latency_ms', 'From arrival to the answer being ready to leave, ms; null when reported'),
  ),
  cost: optional(
    number(
      'cost',
      "All attempts for the answer, by their targets' declared prices; null where none declares one",
    ),
  ),
  reported: {
    name: 'reported',
    type: 'BOOLEAN',
    nullable: true,
    meaning: 'Reported by the client, which acted on the assignment itself',
  },
  dimensions: {
    name: 'dimensions',
    type: 'MAP(VARCHAR, VARCHAR)',
    nullable: true,
    meaning: 'Context attributes that the endpoint lists as dimensions',
  },
};

const outcomes: Columns<Outcome> = {
  id: text('id', 'Chosen by the tenant; duplicates fall to it'),
  at: instant('at', 'When it happened, as the tenant says'),
  receivedAt: instant('received_at', 'When the gateway took it in'),
  event: text('event', 'What happened'),
  unitType: text('unit_type', 'Kind of unit: `user`, `tenant`, …'),
  unit: text('unit', 'Pseudonym of the unit, as in the exposure'),
  value: optional(number('value', 'What the event counts, where it counts something')),
  requestId: optional(text('request_id', 'The `x-request-id` of the answer that it follows')),
};

const invocations: Columns<Invocation> = {
  id: text('id', 'UUID v7; duplicates fall to it'),
  at: instant('at', 'When the target was called'),
  endpoint: text('endpoint', 'What the tenant called'),
  requestId: text('request_id', 'The `x-request-id` of the answer that it was for'),
  experiment: optional(text('experiment', 'Key of the experiment; null outside one')),
  variant: optional(text('variant', 'As assigned; of a shadow, the variant that it shadows for')),
  target: text('target', 'The target called'),
  model: optional(text('model', 'Model behind it')),
  version: optional(text('version', 'Version behind it')),
  cloud: text('cloud', 'Cloud that it is in'),
  region: text('region', 'Region that it is in'),
  call: text('call', '`primary`, `retry`, `fallback`, `hedge` or `shadow`'),
  outcome: text('outcome', '`answered`, `rejected`, `failed` or `abandoned`'),
  status: optional(whole('status', 'HTTP status of the target; null when it gave none')),
  error: optional(
    text(
      'error',
      'Kind of failure: `unreachable`, `reset`, `timeout`, `overloaded`, `failed`, …; null on success',
    ),
  ),
  latencyMs: number('latency_ms', 'From the call to its end (headers, for a stream), ms'),
  cost: optional(
    number(
      'cost',
      "By the target's declared price, 0 where it was never reached; null where none is declared",
    ),
  ),
  distance: optional(number('distance', 'Shadow: largest relative difference of two numbers, 0 is equal')),
  overlap: optional(number('overlap', 'Shadow: share of the top of the ranking that both have, 0–1')),
  difference: optional(
    text('difference', 'Shadow: `none`, `within-tolerance`, `values`, `shape` or `not-comparable`'),
  ),
  sample: optional(text('sample', 'Shadow: an excerpt of both answers, of a sampled few')),
};

/** The lake's columns by the record's fields. docs/lake.md shows them and a test keeps the two equal. */
export const LAKE_COLUMNS: Readonly<Record<RecordKind, Readonly<Record<string, LakeColumn>>>> = {
  exposures,
  outcomes,
  invocations,
};

/** A kind's schema as a Markdown table, for docs/lake.md. */
export function schemaTable(kind: RecordKind): string {
  const rows = Object.values(LAKE_COLUMNS[kind]).map(
    ({ name, type, nullable, meaning }) =>
      `| \`${name}\` | ${type} | ${nullable ? 'yes' : ''} | ${meaning} |`,
  );
  return ['| column | type | null | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
