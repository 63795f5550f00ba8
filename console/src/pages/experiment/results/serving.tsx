import { Stack, Text, Title } from '@mantine/core';
import type { Results, ServingRow } from '../../../api/results.ts';
import { DataTable } from '../../../parts/data-table.tsx';
import { Explained } from '../../../parts/explained.tsx';
import { count, figure } from '../../../parts/format.ts';

/** What the gateway did for each variant in each cloud, and what really answered. */
export function Serving({ results }: { readonly results: Results }) {
  return (
    <Stack gap="xs">
      <Title order={2}>Who answered</Title>
      <DataTable
        caption="Latency and errors per variant and cloud"
        rows={results.serving}
        keyOf={({ variant, cloud }) => `${variant}/${cloud}`}
        columns={[
          { title: 'Variant', cell: ({ variant }) => variant },
          { title: 'Cloud', cell: ({ cloud }) => cloud ?? 'nobody' },
          { title: 'Exposures', numeric: true, cell: (row) => explainedCount(row, 'exposures') },
          {
            title: 'Errors',
            numeric: true,
            cell: (row) => (
              <Explained
                explain={() => ({
                  title: `Errors of ${placeOf(row)}`,
                  definition: `${count(row.errors)} of ${count(row.exposures)} answers were errors.`,
                  method: EVERY_EXPOSURE,
                })}
              >{`${(100 * row.errorRate).toFixed(2)}%`}</Explained>
            ),
          },
          { title: 'By a stand-in', numeric: true, cell: (row) => explainedCount(row, 'fallbacks') },
          ...(['p50', 'p95', 'p99'] as const).map((quantile) => ({
            title: `${quantile}, ms`,
            numeric: true,
            cell: (row: ServingRow) => (
              <Explained
                explain={() => ({
                  title: `${quantile} of ${placeOf(row)}`,
                  definition: `${quantile.slice(1)} % of answers took at most so many milliseconds, from arrival to the answer being ready to leave.`,
                  method: EVERY_EXPOSURE,
                })}
              >
                {figure(row.latencyMs[quantile])}
              </Explained>
            ),
          })),
          {
            title: 'Cost of an answer',
            numeric: true,
            cell: (row: ServingRow) => <Cost row={row} />,
          },
        ]}
      />
      <Title order={3}>As assigned, as served</Title>
      <Text size="sm" c="dimmed">
        {results.fallbacks === 0
          ? 'Every answer came from the assigned target or its twin.'
          : `${count(results.fallbacks)} answers came from a stand-in. What decides counts units as they were assigned; the lift as served stands beside it.`}
      </Text>
      <DataTable
        caption="Targets that answered per variant"
        rows={results.asServed}
        keyOf={({ variant, target }) => `${variant}/${target}`}
        columns={[
          { title: 'Assigned variant', cell: ({ variant }) => variant },
          { title: 'Served by', cell: ({ target }) => target ?? 'nobody' },
          {
            title: 'Model',
            cell: ({ model, version }) => (model === null ? '—' : `${model}/${version ?? ''}`),
          },
          { title: 'Cloud', cell: ({ cloud }) => cloud ?? '—' },
          { title: 'Exposures', numeric: true, cell: ({ exposures }) => count(exposures) },
        ]}
      />
    </Stack>
  );
}

function Cost({ row }: { readonly row: ServingRow }) {
  const { cost } = row;
  if (cost === null) return '—';
  return (
    <Explained
      explain={() => ({
        title: `Cost of ${placeOf(row)}`,
        definition: `What all attempts for an answer cost on average; ${figure(cost.total)} in total. In the currency of the prices that targets declare.`,
        method: EVERY_EXPOSURE,
      })}
    >
      {figure(cost.perAnswer)}
    </Explained>
  );
}

const EVERY_EXPOSURE = 'Counted over every exposure in the lake, not over units.';

const placeOf = ({ variant, cloud }: ServingRow) => `${variant} in ${cloud ?? 'no cloud'}`;

function explainedCount(row: ServingRow, field: 'exposures' | 'fallbacks') {
  const definition =
    field === 'exposures'
      ? 'Answers to enrolled units.'
      : 'Answers by another target than the assigned one, because that one failed.';
  return (
    <Explained explain={() => ({ title: `${field} of ${placeOf(row)}`, definition, method: EVERY_EXPOSURE })}>
      {count(row[field])}
    </Explained>
  );
}
