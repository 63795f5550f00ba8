import type { Metric, OutcomeFilter } from '../../../experiments/metric.ts';
import type { Dialect } from './dialect.ts';

const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
/** A tenant's clock may be behind ours by this much without an outcome seeming to come before its exposure. */
const CLOCK_SKEW_MS = 5_000;

/** One number per unit: how many of its outcomes there are in a stretch of time, or what they add up to. */
interface Tally {
  readonly event: string;
  readonly of: 'rows' | 'values' | 'sum';
  readonly filter: Comparisons;
  /** From the unit's first exposure, ms; negative before it. `toMs` is exclusive; null: without end. */
  readonly fromMs: number;
  readonly toMs: number | null;
}
type Comparisons = NonNullable<OutcomeFilter['value']>;

/** Collects the tallies that metrics need, each once: what two metrics share is counted once. */
export class Tallies {
  readonly #events = new Set<string>();
  readonly #columns = new Map<string, { readonly name: string; readonly tally: Tally }>();

  /** The column that holds the tally. */
  column(tally: Tally): string {
    const key = JSON.stringify(tally);
    const known = this.#columns.get(key) ?? { name: `t${this.#columns.size}`, tally };
    this.#columns.set(key, known);
    this.#events.add(tally.event);
    return known.name;
  }

  /** Notes an event whose outcomes are needed, though nothing of them is tallied. */
  needs(event: string): void {
    this.#events.add(event);
  }

  get events(): string[] {
    return [...this.#events];
  }

  /** One aggregate per column, over outcomes `o` of units `u`, led by commas. */
  aggregates(dialect: Dialect): string {
    return [...this.#columns.values()]
      .map(({ name, tally }) => `,\n    ${aggregateOf(tally, dialect)} AS ${name}`)
      .join('');
  }
}

function aggregateOf(tally: Tally, { text }: Dialect): string {
  const { event, of, filter, fromMs, toMs } = tally;
  const conditions = [
    `o.event = ${text(event)}`,
    `o.at_ms >= u.first_ms${offset(fromMs)}`,
    ...(toMs === null ? [] : [`o.at_ms < u.first_ms${offset(toMs)}`]),
    ...comparisons('o.value', filter),
    ...(of === 'values' ? ['o.value IS NOT NULL'] : []),
  ];
  const when = conditions.join(' AND ');
  return of === 'sum' ? `SUM(CASE WHEN ${when} THEN o.value END)` : `COUNT(CASE WHEN ${when} THEN 1 END)`;
}

const OPERATORS = { eq: '=', ne: '<>', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

/** SQL conditions of a filter; a null value meets none of them. */
export function comparisons(value: string, filter: Comparisons): string[] {
  return Object.entries(OPERATORS).flatMap(([name, operator]) => {
    const bound = filter[name as keyof Comparisons];
    return bound === undefined ? [] : [`${value} ${operator} ${bound}`];
  });
}

const offset = (ms: number) => (ms === 0 ? '' : ms < 0 ? ` - ${-ms}` : ` + ${ms}`);

/** The stretch of time after the first exposure in which a metric's outcomes count. */
export function windowOf({ window }: Metric): { readonly fromMs: number; readonly toMs: number | null } {
  const delayMs = Math.round((window?.delayHours ?? 0) * HOUR_MS);
  const lengthMs = window?.lengthHours === undefined ? null : Math.round(window.lengthHours * HOUR_MS);
  return {
    fromMs: delayMs === 0 ? -CLOCK_SKEW_MS : delayMs,
    toMs: lengthMs === null ? null : delayMs + lengthMs,
  };
}

/** The stretch before the first exposure from which a metric's covariate comes; it ends where outcomes begin. */
export function covariateWindowOf({
  covariate,
}: Metric): { readonly fromMs: number; readonly toMs: number } | null {
  return covariate === undefined ? null : { fromMs: -covariate.days * DAY_MS, toMs: -CLOCK_SKEW_MS };
}

/** The comparisons that a metric's outcomes must meet. */
export function filterOf({ filter, threshold, kind }: Metric): Comparisons {
  const value = filter?.value ?? {};
  if (kind !== 'proportion' || threshold === undefined) return value;
  return { ...value, gte: Math.max(threshold, value.gte ?? threshold) };
}
