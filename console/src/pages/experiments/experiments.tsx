import { Anchor, Button, NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import { useMemo, useState } from 'react';
import { Link } from 'wouter';
import { useMay } from '../../api/identity.ts';
import { useExperiments } from '../../api/queries.ts';
import type { StoredExperiment } from '../../api/types.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { Empty } from '../../parts/empty.tsx';
import { ago, percentOfBp } from '../../parts/format.ts';
import { Page } from '../../parts/page.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { StateBadge } from '../../parts/state-badge.tsx';

const FILTERS = ['all', 'draft', 'in-review', 'running', 'paused', 'stopped', 'archived'] as const;
type Filter = (typeof FILTERS)[number];

/** Every experiment, found by state and by words. */
export function Experiments() {
  const experiments = useExperiments();
  const may = useMay();
  return (
    <Page
      title="Experiments"
      description="Which variant of a model serves whom, and what came of it"
      actions={
        may.experiment && (
          <Button component={Link} href="/experiments/new">
            New experiment
          </Button>
        )
      }
    >
      <QueryView query={experiments}>
        {(all) => (all.length === 0 ? <NoExperiments /> : <Found all={all} />)}
      </QueryView>
    </Page>
  );
}

function NoExperiments() {
  const may = useMay();
  return (
    <Empty
      title="No experiment yet"
      action={
        may.experiment && (
          <Button component={Link} href="/experiments/new">
            Create one
          </Button>
        )
      }
    >
      An experiment sends each user to one of several variants of a model, remembers which, and tells you
      which did better.
    </Empty>
  );
}

function Found({ all }: { readonly all: readonly StoredExperiment[] }) {
  const [filter, setFilter] = useState<Filter>('all');
  const [words, setWords] = useState('');
  const shown = useMemo(() => all.filter((one) => matches(one, filter, words)), [all, filter, words]);
  return (
    <Stack>
      <TextInput
        label="Search"
        placeholder="Name, key or endpoint"
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
        maw={360}
      />
      <NativeSelect
        label="State"
        data={FILTERS.map((value) => ({
          value,
          label: `${value} (${all.filter((one) => matches(one, value, '')).length})`,
        }))}
        value={filter}
        onChange={(event) => setFilter(event.currentTarget.value as Filter)}
        maw={360}
      />
      {shown.length === 0 ? (
        <Text c="dimmed">Nothing matches. Clear the search or choose another state.</Text>
      ) : (
        <DataTable
          caption="Experiments"
          rows={shown}
          keyOf={({ key }) => key}
          columns={[
            {
              title: 'Experiment',
              cell: ({ key, name }) => (
                <Anchor component={Link} href={`/experiments/${key}`}>
                  {name ?? key}
                </Anchor>
              ),
            },
            { title: 'State', cell: ({ state }) => <StateBadge state={state} /> },
            { title: 'Endpoint', cell: ({ endpoint }) => endpoint },
            { title: 'Variants', cell: ({ variants }) => variants.map(({ key }) => key).join(', ') },
            {
              title: 'Allocation',
              numeric: true,
              cell: ({ allocation }) => percentOfBp(allocation ?? 10_000),
            },
            { title: 'Changed', cell: ({ updatedAt }) => ago(updatedAt, Date.now()) },
          ]}
        />
      )}
    </Stack>
  );
}

function matches(experiment: StoredExperiment, filter: Filter, words: string): boolean {
  if (filter !== 'all' && experiment.state !== filter) return false;
  const text = `${experiment.key} ${experiment.name ?? ''} ${experiment.endpoint}`.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
