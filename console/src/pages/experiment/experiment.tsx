import { Group, Tabs } from '@mantine/core';
import { useLocation, useParams } from 'wouter';
import { useExperiment } from '../../api/queries.ts';
import { Page } from '../../parts/page.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { StateBadge } from '../../parts/state-badge.tsx';
import { ExperimentActions } from './experiment-actions.tsx';
import { History } from './history.tsx';
import { ResultsTab } from './results/results-tab.tsx';
import { Setup } from './setup.tsx';
import { StatusNotes } from './status-notes.tsx';

const TABS = ['results', 'setup', 'history'] as const;
type Tab = (typeof TABS)[number];

const LABELS: Readonly<Record<Tab, string>> = { results: 'Results', setup: 'Setup', history: 'History' };

/** One experiment: how it stands, what it is, and how it came to be so. */
export function Experiment() {
  const { key = '', tab: asked } = useParams<{ key: string; tab?: string }>();
  const [, navigate] = useLocation();
  const experiment = useExperiment(key);
  const tab = TABS.find((one) => one === asked) ?? 'results';
  return (
    <QueryView query={experiment}>
      {(found) => (
        <Page
          title={found.name ?? found.key}
          {...(found.hypothesis === undefined ? {} : { description: found.hypothesis })}
          actions={
            <Group>
              <StateBadge state={found.state} />
              <ExperimentActions experiment={found} />
            </Group>
          }
        >
          <StatusNotes experiment={found} />
          <Tabs
            value={tab}
            onChange={(next) => navigate(`/experiments/${key}/${next ?? ''}`)}
            keepMounted={false}
          >
            <Tabs.List mb="md">
              {TABS.map((value) => (
                <Tabs.Tab key={value} value={value}>
                  {LABELS[value]}
                </Tabs.Tab>
              ))}
            </Tabs.List>
            <Tabs.Panel value="results">
              <ResultsTab experiment={found} />
            </Tabs.Panel>
            <Tabs.Panel value="setup">
              <Setup experiment={found} />
            </Tabs.Panel>
            <Tabs.Panel value="history">
              <History experiment={found} />
            </Tabs.Panel>
          </Tabs>
        </Page>
      )}
    </QueryView>
  );
}
