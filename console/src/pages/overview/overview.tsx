import { Alert, Anchor, Button, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQueries } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { useMay } from '../../api/identity.ts';
import { resultsQuery, useEndpoints, useExperiments, useHalts } from '../../api/queries.ts';
import type { Results } from '../../api/results.ts';
import { useTraffic } from '../../api/traffic.ts';
import type { StoredExperiment } from '../../api/types.ts';
import { Empty } from '../../parts/empty.tsx';
import { Page } from '../../parts/page.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { FirstRun } from '../first-run/first-run.tsx';
import { type Attention, attentionOf } from './attention.ts';
import { LiveExperiment } from './live-experiment.tsx';

/** How far back the lines of traffic go. */
const HOURS = 24;

/** What runs, how it does, and first of all what needs somebody; an installation with nothing in it offers the demo. */
export function Overview() {
  const experiments = useExperiments();
  const endpoints = useEndpoints();
  const [trying, setTrying] = useState(false);
  const isEmpty = experiments.data?.length === 0 && endpoints.data?.length === 0;
  return (
    <Page title="Overview" description="What is running, and what needs you first">
      {isEmpty || trying ? (
        <FirstRun onTrying={setTrying} />
      ) : (
        <QueryView query={experiments}>{(all) => <Watch all={all} />}</QueryView>
      )}
    </Page>
  );
}

function NothingRuns({ drafts }: { readonly drafts: number }) {
  const may = useMay();
  const create = drafts === 0 && may.experiment;
  return (
    <Empty
      title="Nothing is running"
      action={
        <Button component={Link} href={create ? '/experiments/new' : '/experiments'}>
          {create ? 'Create the first experiment' : 'See all experiments'}
        </Button>
      }
    >
      A running experiment shows here with its traffic, its health and its verdict so far.
    </Empty>
  );
}

function Watch({ all }: { readonly all: readonly StoredExperiment[] }) {
  const live = all.filter(({ state }) => state === 'running' || state === 'paused');
  const halts = useHalts().data ?? [];
  const traffic = useTraffic(HOURS).data;
  const results = useQueries({ queries: live.map(({ key }) => resultsQuery(key, false)) });
  const dataOf = (experiment: StoredExperiment): Results | undefined =>
    results[live.indexOf(experiment)]?.data;
  const watched = all
    .filter((experiment) => live.includes(experiment) || experiment.state === 'in-review')
    .map((experiment) => ({
      experiment,
      results: dataOf(experiment),
      halts: halts.filter((halt) => halt.experiment === experiment.key),
      targets: (traffic?.targets ?? []).filter(({ target }) =>
        experiment.variants.some((variant) => variant.target === target),
      ),
    }));
  const attention = attentionOf(watched);
  return (
    <>
      <NeedsYou attention={attention} settled={results.every(({ isPending }) => !isPending)} all={all} />
      {live.length === 0 ? (
        <NothingRuns drafts={all.length} />
      ) : (
        <SimpleGrid cols={{ base: 1, md: 2 }}>
          {watched
            .filter(({ experiment }) => live.includes(experiment))
            .map((one) => (
              <LiveExperiment
                key={one.experiment.key}
                watched={one}
                hours={HOURS}
                exposures={
                  traffic?.experiments.find(({ experiment }) => experiment === one.experiment.key)?.exposures
                }
              />
            ))}
        </SimpleGrid>
      )}
    </>
  );
}

interface NeedsYouProps {
  readonly attention: readonly Attention[];
  /** Whether everything was looked at. */
  readonly settled: boolean;
  readonly all: readonly StoredExperiment[];
}

function NeedsYou({ attention, settled, all }: NeedsYouProps) {
  if (attention.length === 0) {
    return (
      <Text c="dimmed" role="status" aria-busy={!settled}>
        {settled ? 'Nothing needs you.' : 'Looking at what runs …'}
      </Text>
    );
  }
  const nameOf = (key: string) => all.find((experiment) => experiment.key === key)?.name ?? key;
  return (
    <Stack gap="xs" component="section" aria-label="What needs you">
      <Title order={2}>What needs you</Title>
      {attention.map(({ experiment, text, grave }) => (
        <Alert key={`${experiment} ${text}`} color={grave ? 'red' : 'blue'} p="xs">
          <Anchor
            component={Link}
            href={`/experiments/${experiment}`}
            underline="always"
            c="inherit"
            fw={600}
          >
            {nameOf(experiment)}
          </Anchor>
          : {text}
        </Alert>
      ))}
    </Stack>
  );
}
