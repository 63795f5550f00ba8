import type { Json } from './gateway-client.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';

interface Effect {
  readonly estimate: number;
  readonly interval: readonly [number, number] | null;
}

interface Metric {
  readonly key: string;
  readonly role: string;
  readonly variants: readonly { readonly key: string; readonly n: number; readonly mean: number }[];
  readonly comparisons: readonly {
    readonly variant: string;
    readonly absolute: Effect;
    readonly lift: Effect | null;
    readonly significant: boolean;
  }[];
}

const COLORS = {
  ship: 'green',
  'roll-back': 'red',
  'keep-running': 'blue',
  inconclusive: 'gray',
  untrusted: 'yellow',
} as const;

/** Results for a person at a terminal: the verdict's sentence, its reasons, and a row per metric and variant. */
export function resultsText(results: Json, paint: Terminal['paint']): string {
  const { decision, sentence, reasons } = results['verdict'] as {
    decision: keyof typeof COLORS;
    sentence: string;
    reasons: readonly string[];
  };
  const { units, total } = results['exposures'] as { units: number; total: number };
  const { p } = results['sampleRatio'] as { p: number };
  return [
    paint(['bold', COLORS[decision]], sentence),
    ...reasons.map((reason) => `  - ${reason}`),
    '',
    table([
      ['metric', 'role', 'variant', 'units', 'mean', 'difference', 'lift', 'always-valid interval'],
      ...(results['metrics'] as readonly Metric[]).flatMap(rowsOf),
    ]),
    '',
    `${units.toLocaleString('en')} units in ${total.toLocaleString('en')} exposures; sample ratio p = ${p.toPrecision(3)}`,
  ].join('\n');
}

function rowsOf({ key, role, variants, comparisons }: Metric): string[][] {
  return variants.map((variant) => {
    const comparison = comparisons.find((one) => one.variant === variant.key);
    const lift = comparison?.lift ?? null;
    return [
      key,
      role,
      variant.key,
      variant.n.toLocaleString('en'),
      figure(variant.mean),
      comparison === undefined ? '' : signed(comparison.absolute.estimate, figure),
      lift === null ? '' : signed(lift.estimate, percent),
      lift?.interval == null ? '' : lift.interval.map((end) => signed(end, percent)).join(' … '),
    ];
  });
}

const figure = (value: number) => value.toLocaleString('en', { maximumSignificantDigits: 4 });
const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
const signed = (value: number, format: (value: number) => string) =>
  `${value < 0 ? '−' : '+'}${format(Math.abs(value))}`;
