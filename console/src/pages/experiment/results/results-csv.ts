import type { Comparison, MetricResult, Results } from '../../../api/results.ts';

const HEADINGS = [
  'table',
  'day',
  'metric',
  'role',
  'variant',
  'control',
  'control_units',
  'control_mean',
  'units',
  'mean',
  'difference',
  'difference_from',
  'difference_to',
  'lift',
  'lift_from',
  'lift_to',
  'p',
  'adjusted_p',
  'significant',
];

type Cell = string | number | boolean | null;

/** Every comparison as comma-separated values (RFC 4180), then the primary metric's by day; full precision. */
export function resultsCsv({ metrics, metricsAsServed, detail }: Results): string {
  const rows = [
    ...rowsOf('as-assigned', metrics),
    ...rowsOf('as-served', metricsAsServed),
    ...(detail?.series ?? []).flatMap(({ day, comparisons }) =>
      comparisons.map((comparison) => [
        'by-day',
        day,
        metrics.find(({ role }) => role === 'primary')?.key ?? '',
        'primary',
        comparison.variant,
        comparison.control,
        ...['', '', '', ''],
        ...effectCells(comparison),
      ]),
    ),
  ];
  return [HEADINGS, ...rows].map((row) => row.map(cell).join(',')).join('\r\n');
}

function rowsOf(table: string, metrics: readonly MetricResult[]): Cell[][] {
  return metrics.flatMap(({ key, role, variants, comparisons }) =>
    comparisons.map((comparison) => {
      const [control, own] = [comparison.control, comparison.variant].map((name) =>
        variants.find((variant) => variant.key === name),
      );
      return [
        table,
        '',
        key,
        role,
        comparison.variant,
        comparison.control,
        control?.n ?? null,
        control?.mean ?? null,
        own?.n ?? null,
        own?.mean ?? null,
        ...effectCells(comparison),
      ];
    }),
  );
}

function effectCells({ absolute, lift, p, adjustedP, significant }: Comparison): Cell[] {
  return [
    absolute.estimate,
    ...(absolute.interval ?? [null, null]),
    lift?.estimate ?? null,
    ...(lift?.interval ?? [null, null]),
    p,
    adjustedP ?? null,
    significant,
  ];
}

function cell(value: Cell): string {
  const text = value === null ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
