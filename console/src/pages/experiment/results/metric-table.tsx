import { Text } from '@mantine/core';
import type { Comparison, MetricResult, Results } from '../../../api/results.ts';
import { DataTable } from '../../../parts/data-table.tsx';
import { Explained } from '../../../parts/explained.tsx';
import { figure, probability, signedFigure, signedPercent } from '../../../parts/format.ts';
import { definitionOf, explainDifference, explainLift, explainP, explainValue } from './explain-metric.ts';
import { IntervalPlot } from './interval-plot.tsx';
import { readingOf } from './reading.ts';

interface Row {
  readonly metric: MetricResult;
  readonly comparison: Comparison;
}

interface MetricTableProps {
  readonly caption: string;
  readonly results: Results;
  readonly metrics: readonly MetricResult[];
}

/** One row per metric and variant: value, difference, and the interval drawn to one scale per table. */
export function MetricTable({ caption, results, metrics }: MetricTableProps) {
  const rows = metrics.flatMap((metric) => metric.comparisons.map((comparison) => ({ metric, comparison })));
  const widest = Math.max(
    0.01,
    ...rows.flatMap(({ comparison }) => comparison.lift?.interval?.map(Math.abs) ?? []),
  );
  const servedApart = results.metricsAsServed.length > 0;
  return (
    <DataTable
      caption={caption}
      rows={rows}
      keyOf={({ metric, comparison }) => `${metric.key}/${comparison.variant}`}
      columns={[
        { title: 'Metric', cell: ({ metric }) => <MetricName metric={metric} /> },
        { title: 'Variant', cell: ({ comparison }) => comparison.variant },
        {
          title: 'Control',
          numeric: true,
          cell: (row) => valueIn(results, row.metric, row.comparison.control),
        },
        {
          title: 'Value',
          numeric: true,
          cell: (row) => valueIn(results, row.metric, row.comparison.variant),
        },
        {
          title: 'Difference',
          numeric: true,
          cell: ({ metric, comparison }) => (
            <Explained explain={() => explainDifference(results, metric, comparison)}>
              {signedFigure(comparison.absolute.estimate)}
            </Explained>
          ),
        },
        {
          title: servedApart ? 'Lift, as assigned' : 'Lift',
          numeric: true,
          cell: ({ metric, comparison }) => <Lift {...{ results, metric, comparison }} />,
        },
        ...(servedApart
          ? [
              {
                title: 'Lift, as served',
                numeric: true,
                cell: (row: Row) => <LiftAsServed results={results} {...row} />,
              },
            ]
          : []),
        {
          title: 'Interval of the lift',
          cell: ({ metric, comparison }) => (
            <IntervalPlot
              label={`Lift of ${metric.key} in ${comparison.variant}`}
              estimate={comparison.lift?.estimate ?? null}
              interval={comparison.lift?.interval ?? null}
              extent={Math.min(widest, 1)}
              tone={readingOf(metric, comparison).tone}
            />
          ),
        },
        {
          title: 'p',
          numeric: true,
          cell: ({ metric, comparison }) => (
            <Explained explain={() => explainP(results, metric, comparison)}>
              {probability(comparison.adjustedP ?? comparison.p)}
            </Explained>
          ),
        },
        {
          title: 'Reading',
          cell: ({ metric, comparison }) => (
            <span className="nowrap">{readingOf(metric, comparison).text}</span>
          ),
        },
      ]}
    />
  );
}

function MetricName({ metric }: { readonly metric: MetricResult }) {
  return (
    <Text size="sm" component="div" className="nowrap">
      <Explained explain={() => ({ title: metric.key, definition: definitionOf(metric) })}>
        {metric.key}
      </Explained>{' '}
      {metric.role === 'primary' && <span className="dimmed">primary</span>}
    </Text>
  );
}

function valueIn(results: Results, metric: MetricResult, variant: string) {
  const found = metric.variants.find(({ key }) => key === variant);
  if (found === undefined || found.n === 0) return '—';
  return <Explained explain={() => explainValue(results, metric, variant)}>{figure(found.mean)}</Explained>;
}

function Lift({ results, metric, comparison }: Row & { readonly results: Results }) {
  if (comparison.lift === null) return '—';
  return (
    <Explained explain={() => explainLift(results, metric, comparison)}>
      {signedPercent(comparison.lift.estimate)}
    </Explained>
  );
}

/** The same over the units whose every answer came from the assigned target. */
function LiftAsServed({ results, metric, comparison }: Row & { readonly results: Results }) {
  const served = results.metricsAsServed
    .find(({ key }) => key === metric.key)
    ?.comparisons.find(({ variant }) => variant === comparison.variant);
  if (served === undefined || served.lift === null) return '—';
  const { lift } = served;
  return (
    <Explained
      explain={() => ({
        ...explainLift(results, metric, served),
        title: `Lift of ${served.variant}, as served`,
        definition: `Of the units whose every answer came from the target that they were assigned. These are no random sample: what decides is the lift as assigned. ${definitionOf(metric)}`,
      })}
    >
      {signedPercent(lift.estimate)}
    </Explained>
  );
}
