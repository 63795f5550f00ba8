import { Alert, Group, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { resultsQuery } from '../../../api/queries.ts';
import type { Results } from '../../../api/results.ts';
import type { StoredExperiment } from '../../../api/types.ts';
import { Empty } from '../../../parts/empty.tsx';
import { Explained } from '../../../parts/explained.tsx';
import { Explanations } from '../../../parts/explanations.tsx';
import { count } from '../../../parts/format.ts';
import { QueryView } from '../../../parts/query-view.tsx';
import { Dimensions } from './dimensions.tsx';
import { MetricTable } from './metric-table.tsx';
import { OverTime } from './over-time.tsx';
import { Queries } from './queries.tsx';
import { SampleRatio } from './sample-ratio.tsx';
import { Serving } from './serving.tsx';
import { ShareMenu } from './share-menu.tsx';
import { VerdictCard } from './verdict-card.tsx';

/** The verdict first, then the numbers behind it. */
export function ResultsTab({ experiment }: { readonly experiment: StoredExperiment }) {
  const begun = experiment.state !== 'draft' && experiment.state !== 'in-review';
  const results = useQuery({ ...resultsQuery(experiment.key, true), enabled: begun });
  if (!begun) {
    return (
      <Empty title="Not started">Results come once the experiment runs and its endpoint is called.</Empty>
    );
  }
  return (
    <QueryView query={results}>
      {(found) => (
        <Explanations>
          <Found results={found} />
        </Explanations>
      )}
    </QueryView>
  );
}

function Found({ results }: { readonly results: Results }) {
  const { sampleRatio } = results;
  const decisive = results.metrics.filter(({ role }) => role !== 'guardrail');
  const guardrails = results.metrics.filter(({ role }) => role === 'guardrail');
  return (
    <Stack gap="xl">
      <Group justify="flex-end">
        <ShareMenu results={results} />
      </Group>
      <VerdictCard verdict={results.verdict} asOf={results.asOf} />
      {!sampleRatio.ok && (
        <Alert color="red" title="Sample-ratio mismatch" role="alert">
          Units did not fall to the variants as the weights say (p = {sampleRatio.p.toPrecision(2)}).
          Something drops or adds units of one variant: find it before you read the numbers below.
        </Alert>
      )}
      <Stack gap="xs">
        <Title order={2}>Metrics</Title>
        <Counted results={results} />
        {decisive.length === 0 ? (
          <Text c="dimmed">The experiment names no metric of its own: name a primary one in its setup.</Text>
        ) : (
          <MetricTable caption="Metrics per variant" results={results} metrics={decisive} />
        )}
      </Stack>
      <OverTime results={results} />
      <Stack gap="xs">
        <Title order={2}>Guardrails</Title>
        <Text size="sm" c="dimmed">
          One is breached, and the verdict says so, once its whole interval lies beyond what it tolerates.
        </Text>
        <MetricTable caption="Guardrails per variant" results={results} metrics={guardrails} />
      </Stack>
      <Dimensions results={results} />
      <SampleRatio results={results} />
      <Serving results={results} />
      <Queries results={results} />
    </Stack>
  );
}

function Counted({ results: { exposures } }: { readonly results: Results }) {
  return (
    <Text size="sm" c="dimmed">
      <Explained
        explain={() => ({
          title: 'Units',
          definition:
            'Distinct units of the experiment’s kind that were exposed: that used their assignment at least once.',
          method: 'Counted from the lake by pseudonym; each counts once, from its first exposure.',
        })}
      >
        {count(exposures.units)} units in {count(exposures.total)} exposures
      </Explained>
      {exposures.excludedUnits > 0 && `; ${count(exposures.excludedUnits)} seen in two variants are left out`}
      {exposures.earlierUnits > 0 &&
        `; ${count(exposures.earlierUnits)} from before the weights changed are strata of their own`}
      .
    </Text>
  );
}
