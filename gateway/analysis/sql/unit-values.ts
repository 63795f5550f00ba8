import type { Metric } from '../../../experiments/metric.ts';
import type { Dialect } from './dialect.ts';
import { covariateWindowOf, filterOf, type Tallies, windowOf } from './tallies.ts';

/**
 * What a metric makes of one unit, as expressions over `u` (the unit) and `t` (its tallies). `y` is null for a unit
 * that is left out. `x` is the denominator of a ratio; `p` and `q` are `y` and `x` from before the experiment.
 */
export interface UnitValues {
  readonly y: string;
  readonly x: string | null;
  readonly p: string | null;
  readonly q: string | null;
}

/** Null for a quantile, which is of outcomes and not of units; its event is noted all the same. */
export function unitValues(metric: Metric, tallies: Tallies, dialect: Dialect): UnitValues | null {
  if (metric.kind === 'quantile') {
    if (metric.event !== undefined) tallies.needs(metric.event);
    return null;
  }
  if (metric.source === 'gateway') return { y: gatewayValue(metric, dialect), x: null, p: null, q: null };
  const during = windowOf(metric);
  const before = covariateWindowOf(metric);
  const value = (stretch: Stretch) => outcomeValue(metric, { stretch, tallies, dialect });
  const denominator = (stretch: Stretch) => denominatorValue(metric, { stretch, tallies, dialect });
  return {
    y: value(during),
    x: denominator(during),
    p: before === null ? null : `COALESCE(${value(before)}, 0)`,
    q: before === null ? null : denominator(before),
  };
}

type Stretch = { readonly fromMs: number; readonly toMs: number | null };

interface Measuring {
  readonly stretch: Stretch;
  readonly tallies: Tallies;
  readonly dialect: Dialect;
}

function outcomeValue(metric: Metric, { stretch, tallies, dialect }: Measuring): string {
  const { event = '', kind, missing } = metric;
  const filter = filterOf(metric);
  const tally = (of: 'rows' | 'values' | 'sum') => `t.${tallies.column({ event, of, filter, ...stretch })}`;
  const number = (expression: string) => `CAST(COALESCE(${expression}, 0) AS ${dialect.double})`;
  switch (kind) {
    case 'proportion':
    case 'retention':
      return `CASE WHEN ${tally('rows')} > 0 THEN 1e0 ELSE 0e0 END`;
    case 'count':
      return number(tally('rows'));
    case 'sum':
      return number(tally('sum'));
    case 'mean':
      return `CASE WHEN ${tally('values')} > 0 THEN ${tally('sum')} / ${tally('values')}${missing === 'zero' ? ' ELSE 0e0' : ''} END`;
    case 'ratio':
      return number(tally(metric.numerator === 'count' ? 'rows' : 'sum'));
    case 'quantile':
      throw new RangeError(`"${metric.key}" is a quantile: units have no value in it`);
  }
}

function denominatorValue(metric: Metric, { stretch, tallies, dialect }: Measuring): string | null {
  const { denominator } = metric;
  if (denominator === undefined) return null;
  const column = tallies.column({
    event: denominator.event ?? metric.event ?? '',
    of: denominator.of === 'count' ? 'rows' : 'sum',
    filter: denominator.filter?.value ?? {},
    ...stretch,
  });
  return `CAST(COALESCE(t.${column}, 0) AS ${dialect.double})`;
}

/** Of the unit's exposures: their number, or a sum over them. */
function gatewayValue({ key, kind, value }: Metric, { double }: Dialect): string {
  const sum = `u.${value}_sum`;
  const answers = value === 'cost' ? 'u.priced' : 'u.exposures';
  switch (kind) {
    case 'proportion':
      return `CASE WHEN ${sum} > 0 THEN 1e0 ELSE 0e0 END`;
    case 'count':
      return `CAST(${answers} AS ${double})`;
    case 'sum':
      return `CAST(${sum} AS ${double})`;
    case 'mean':
      return `CAST(${sum} AS ${double}) / NULLIF(${answers}, 0)`;
    default:
      throw new RangeError(`"${key}" is a ${kind}: units have no value in it`);
  }
}

/** Whether a unit's window is over, where only such units count; null where all do. */
export function maturity(metric: Metric, asOfMs: number): string | null {
  const { toMs } = windowOf(metric);
  return metric.kind === 'retention' && toMs !== null ? `u.first_ms <= ${asOfMs - toMs}` : null;
}
