import { Alert, Anchor, Button, Card, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { Link } from 'wouter';
import { useExperiments, useResults } from '../../api/queries.ts';
import type { StoredExperiment } from '../../api/types.ts';
import { Empty } from '../../parts/empty.tsx';
import { count, percentOfBp } from '../../parts/format.ts';
import { Page } from '../../parts/page.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { StateBadge } from '../../parts/state-badge.tsx';
import { attentionOf } from './attention.ts';

/** What runs, how it does, and first of all what needs somebody. */
export function Overview() {
  const experiments = useExperiments();
  return (
    <Page title="Overview" description="What is running, and what needs you first">
      <QueryView query={experiments}>
        {(all) => {
          const live = all.filter(({ state }) => state === 'running' || state === 'paused');
          if (live.length === 0) return <NothingRuns drafts={all.length} />;
          return (
            <SimpleGrid cols={{ base: 1, md: 2 }}>
              {live.map((experiment) => (
                <LiveExperiment key={experiment.key} experiment={experiment} />
              ))}
            </SimpleGrid>
          );
        }}
      </QueryView>
    </Page>
  );
}

function NothingRuns({ drafts }: { readonly drafts: number }) {
  return (
    <Empty
      title="Nothing is running"
      action={
        <Button component={Link} href="/experiments">
          {drafts === 0 ? 'Create the first experiment' : 'See all experiments'}
        </Button>
      }
    >
      A running experiment shows here with its traffic, its health and its verdict so far.
    </Empty>
  );
}

function LiveExperiment({ experiment }: { readonly experiment: StoredExperiment }) {
  const results = useResults(experiment.key);
  const attention = results.data === undefined ? [] : attentionOf(results.data);
  return (
    <Card withBorder>
      <Stack gap="sm">
        <Group justify="space-between" wrap="nowrap">
          <Anchor component={Link} href={`/experiments/${experiment.key}`} fw={600}>
            {experiment.name ?? experiment.key}
          </Anchor>
          <StateBadge state={experiment.state} />
        </Group>
        <Text size="sm" c="dimmed">
          {experiment.endpoint} · by {experiment.unit} · {percentOfBp(experiment.allocation ?? 10_000)} of the
          audience
        </Text>
        <QueryView
          query={results}
          loading={
            <Text size="sm" aria-busy>
              Counting …
            </Text>
          }
        >
          {({ verdict, exposures }) => (
            <>
              <Text>{verdict.sentence}</Text>
              <Text size="sm" c="dimmed">
                {count(exposures.units)} units in {count(exposures.total)} exposures
              </Text>
            </>
          )}
        </QueryView>
        {attention.map((text) => (
          <Alert key={text} color="orange" p="xs">
            {text}
          </Alert>
        ))}
      </Stack>
    </Card>
  );
}
