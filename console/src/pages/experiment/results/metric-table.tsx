import { Badge, Text, Tooltip } from '@mantine/core';
import type { Comparison, MetricResult } from '../../../api/results.ts';
import { DataTable } from '../../../parts/data-table.tsx';
import { count, figure, signedFigure, signedPercent } from '../../../parts/format.ts';
import { IntervalPlot } from './interval-plot.tsx';

interface Row {
  readonly metric: MetricResult;
  readonly comparison: Comparison;
}

/** One row per metric and variant: value, difference, and the interval drawn to one scale per table. */
export function MetricTable({ metrics }: { readonly metrics: readonly MetricResult[] }) {
  const rows = metrics.flatMap((metric) => metric.comparisons.map((comparison) => ({ metric, comparison })));
  const widest = Math.max(
    0.01,
    ...rows.flatMap(({ comparison }) => comparison.lift?.interval?.map(Math.abs) ?? []),
  );
  return (
    <DataTable
      caption="Metrics per variant"
      rows={rows}
      keyOf={({ metric, comparison }) => `${metric.key}/${comparison.variant}`}
      columns={[
        { title: 'Metric', cell: ({ metric }) => <MetricName metric={metric} /> },
        { title: 'Variant', cell: ({ comparison }) => comparison.variant },
        { title: 'Control', numeric: true, cell: (row) => meanOf(row, row.comparison.control) },
        { title: 'Value', numeric: true, cell: (row) => meanOf(row, row.comparison.variant) },
        {
          title: 'Difference',
          numeric: true,
          cell: ({ comparison }) => signedFigure(comparison.absolute.estimate),
        },
        {
          title: 'Lift',
          numeric: true,
          cell: ({ comparison }) =>
            comparison.lift === null ? '—' : signedPercent(comparison.lift.estimate),
        },
        {
          title: 'Always-valid interval of the lift',
          cell: ({ metric, comparison }) => (
            <IntervalPlot
              label={`Lift of ${metric.key} in ${comparison.variant}`}
              estimate={comparison.lift?.estimate ?? null}
              interval={comparison.lift?.interval ?? null}
              extent={Math.min(widest, 1)}
              tone={toneOf(metric, comparison)}
            />
          ),
        },
        {
          title: 'p',
          numeric: true,
          cell: ({ comparison }) => (comparison.p < 0.001 ? '< 0.001' : comparison.p.toFixed(3)),
        },
      ]}
    />
  );
}

function MetricName({ metric }: { readonly metric: MetricResult }) {
  const better = metric.direction === 'increase' ? 'higher is better' : 'lower is better';
  return (
    <Tooltip label={`${metric.kind} per unit; ${better}`}>
      <Text size="sm" tabIndex={0}>
        {metric.key}{' '}
        <Badge size="xs" variant="default" tt="none">
          {metric.role}
        </Badge>
      </Text>
    </Tooltip>
  );
}

function meanOf({ metric }: Row, variant: string) {
  const found = metric.variants.find(({ key }) => key === variant);
  if (found === undefined || found.n === 0) return '—';
  return (
    <Tooltip label={`mean of ${count(found.n)} units, standard deviation ${figure(found.standardDeviation)}`}>
      <span>{figure(found.mean)}</span>
    </Tooltip>
  );
}

/** Whether the difference is proven, and for the better. */
function toneOf(
  { direction }: MetricResult,
  { significant, absolute }: Comparison,
): 'open' | 'better' | 'worse' {
  if (!significant) return 'open';
  return absolute.estimate > 0 === (direction === 'increase') ? 'better' : 'worse';
}
