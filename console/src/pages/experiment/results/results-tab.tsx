import { Alert, Stack, Text, Title } from '@mantine/core';
import { useResults } from '../../../api/queries.ts';
import type { Results } from '../../../api/results.ts';
import type { StoredExperiment } from '../../../api/types.ts';
import { DataTable } from '../../../parts/data-table.tsx';
import { Empty } from '../../../parts/empty.tsx';
import { count, figure } from '../../../parts/format.ts';
import { QueryView } from '../../../parts/query-view.tsx';
import { MetricTable } from './metric-table.tsx';
import { VerdictCard } from './verdict-card.tsx';

/** The verdict first, then the numbers behind it. */
export function ResultsTab({ experiment }: { readonly experiment: StoredExperiment }) {
  const results = useResults(experiment.key, { enabled: experiment.state !== 'draft' });
  if (experiment.state === 'draft') {
    return (
      <Empty title="Not started">Results come once the experiment runs and its endpoint is called.</Empty>
    );
  }
  return <QueryView query={results}>{(found) => <Found results={found} />}</QueryView>;
}

function Found({ results }: { readonly results: Results }) {
  const { exposures, sampleRatio } = results;
  return (
    <Stack gap="xl">
      <VerdictCard verdict={results.verdict} asOf={results.asOf} />
      {!sampleRatio.ok && (
        <Alert color="red" title="Sample-ratio mismatch" role="alert">
          Units did not fall to the variants as the weights say (p = {sampleRatio.p.toPrecision(2)}).
          Something drops or adds units of one variant: find it before you read the numbers below.
        </Alert>
      )}
      <Stack gap="xs">
        <Title order={2}>Metrics</Title>
        <Text size="sm" c="dimmed">
          {count(exposures.units)} units in {count(exposures.total)} exposures
          {exposures.excludedUnits > 0 &&
            `; ${count(exposures.excludedUnits)} seen in two variants are left out`}
          {exposures.earlierUnits > 0 &&
            `; ${count(exposures.earlierUnits)} from before the weights changed are left out`}
          . Sample ratio: p = {sampleRatio.p.toPrecision(3)}.
        </Text>
        <MetricTable metrics={results.metrics} />
      </Stack>
      <Serving results={results} />
    </Stack>
  );
}

function Serving({ results }: { readonly results: Results }) {
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
          { title: 'Exposures', numeric: true, cell: ({ exposures }) => count(exposures) },
          { title: 'Errors', numeric: true, cell: ({ errorRate }) => `${(100 * errorRate).toFixed(2)}%` },
          { title: 'By a stand-in', numeric: true, cell: ({ fallbacks }) => count(fallbacks) },
          { title: 'p50, ms', numeric: true, cell: ({ latencyMs }) => figure(latencyMs.p50) },
          { title: 'p95, ms', numeric: true, cell: ({ latencyMs }) => figure(latencyMs.p95) },
          { title: 'p99, ms', numeric: true, cell: ({ latencyMs }) => figure(latencyMs.p99) },
        ]}
      />
      <Title order={3}>As assigned, as served</Title>
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
