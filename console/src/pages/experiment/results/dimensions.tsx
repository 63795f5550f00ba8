import { Stack, Text, Title } from '@mantine/core';
import type { Dimension, MetricResult, Results } from '../../../api/results.ts';
import { DataTable } from '../../../parts/data-table.tsx';
import { Explained } from '../../../parts/explained.tsx';
import { count, probability, signedFigure } from '../../../parts/format.ts';
import { definitionOf } from './explain-metric.ts';
import { IntervalPlot } from './interval-plot.tsx';

/** Two-sided 95 % of a normal distribution. */
const Z = 1.96;

/** The primary metric within each value of each dimension, and whether the effect is the same in all of them. */
export function Dimensions({ results }: { readonly results: Results }) {
  const primary = results.metrics.find(({ role }) => role === 'primary');
  const found = results.detail?.heterogeneity ?? [];
  if (primary === undefined || found.length === 0) return null;
  return (
    <Stack gap="md">
      <Title order={2}>By dimension</Title>
      {found.flatMap(({ variant, dimensions }) =>
        dimensions.map((dimension) => (
          <Segments key={`${variant}/${dimension.dimension}`} {...{ primary, variant, dimension }} />
        )),
      )}
    </Stack>
  );
}

interface SegmentsProps {
  readonly primary: MetricResult;
  readonly variant: string;
  readonly dimension: Dimension;
}

function Segments({ primary, variant, dimension: { dimension, segments, adjustedP } }: SegmentsProps) {
  const rows = segments.map(({ segment, n, effect: { estimate, standardError } }) => ({
    segment,
    n,
    estimate,
    interval: [estimate - Z * standardError, estimate + Z * standardError] as const,
  }));
  const extent = Math.max(1e-9, ...rows.flatMap(({ interval }) => interval.map(Math.abs)));
  return (
    <Stack gap={4}>
      <Title order={3}>
        {variant} by {dimension}
      </Title>
      <Text size="sm" c="dimmed">
        Whether the effect is the same by {dimension}:{' '}
        <Explained
          explain={() => ({
            title: `Heterogeneity by ${dimension}`,
            definition:
              'The chance of effects that lie so far apart, if the effect were the same everywhere.',
            method: "Cochran's Q, always-valid, with Holm's correction over the dimensions.",
          })}
        >
          p {adjustedP < 0.001 ? '' : '= '}
          {probability(adjustedP)}
        </Explained>
        . Intervals are for one look at 95 %.
      </Text>
      <DataTable
        caption={`${primary.key} of ${variant} by ${dimension}`}
        rows={rows}
        keyOf={({ segment }) => segment}
        columns={[
          { title: dimension, cell: ({ segment }) => segment },
          { title: 'Units', numeric: true, cell: ({ n }) => count(n) },
          {
            title: 'Difference',
            numeric: true,
            cell: ({ segment, estimate }) => (
              <Explained
                explain={() => ({
                  title: `${primary.key}, ${dimension} ${segment}`,
                  definition: `${variant} minus control, of these units only. ${definitionOf(primary)}`,
                  method: 'For one look: what is looked at after the fact proves nothing by itself.',
                })}
              >
                {signedFigure(estimate)}
              </Explained>
            ),
          },
          {
            title: 'Interval of the difference',
            cell: ({ segment, estimate, interval }) => (
              <IntervalPlot
                label={`Difference of ${primary.key}, ${dimension} ${segment}`}
                estimate={estimate}
                interval={interval}
                extent={extent}
                tone="open"
                text={signedFigure}
              />
            ),
          },
        ]}
      />
    </Stack>
  );
}
