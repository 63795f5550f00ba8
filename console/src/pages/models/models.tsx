import { Stack, Text, Title } from '@mantine/core';
import { useModels, useTargets, useVersions } from '../../api/queries.ts';
import { useTraffic } from '../../api/traffic.ts';
import type { StoredModel, StoredTarget } from '../../api/types.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { Empty } from '../../parts/empty.tsx';
import { ago, bytes } from '../../parts/format.ts';
import { Page } from '../../parts/page.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { Aliases } from './aliases.tsx';
import { Shadows } from './shadows.tsx';
import { TargetReady } from './target-ready.tsx';
import { TargetTable } from './target-table.tsx';
import { TryRequest } from './try-request.tsx';

/** How far back latency and errors are counted. */
const HOURS = 1;

/** The models, their versions, the places where these answer, and how they do. */
export function Models() {
  const models = useModels();
  const targets = useTargets();
  const traffic = useTraffic(HOURS).data;
  return (
    <Page title="Models and targets" description="What can answer, where, and how it does">
      <QueryView query={models}>
        {(all) =>
          all.length === 0 ? (
            <Empty title="No model yet">
              Push one with <code>npx switchyard model push</code>, or register one with POST /admin/v1/models
              and then its versions.
            </Empty>
          ) : (
            <Stack gap="xl">
              {all.map((model) => (
                <ModelVersions key={model.key} model={model} targets={targets.data ?? []} />
              ))}
            </Stack>
          )
        }
      </QueryView>
      <Title order={2}>Targets</Title>
      <QueryView query={targets}>
        {(all) =>
          all.length === 0 ? (
            <Empty title="No target yet">A target is one place where one model version answers.</Empty>
          ) : (
            <TargetTable targets={all} traffic={traffic?.targets ?? []} hours={HOURS} />
          )
        }
      </QueryView>
      <Shadows />
      <TryRequest />
    </Page>
  );
}

interface ModelVersionsProps {
  readonly model: StoredModel;
  readonly targets: readonly StoredTarget[];
}

function ModelVersions({ model, targets }: ModelVersionsProps) {
  const versions = useVersions(model.key);
  const servedBy = (version: string) =>
    targets.filter((target) => target.model === model.key && target.version === version);
  return (
    <Stack gap="xs">
      <Title order={2}>{model.name ?? model.key}</Title>
      {model.description !== undefined && <Text c="dimmed">{model.description}</Text>}
      <QueryView query={versions}>
        {(all) => (
          <DataTable
            caption={`Versions of ${model.key}`}
            rows={all}
            keyOf={({ version }) => version}
            columns={[
              { title: 'Version', cell: ({ version }) => version },
              {
                title: 'Loaded at',
                cell: ({ version }) =>
                  servedBy(version).length === 0
                    ? 'no target'
                    : servedBy(version).map(({ key }) => <TargetReady key={key} target={key} named />),
              },
              { title: 'SHA-256', cell: ({ sha256 }) => <Text ff="monospace">{sha256.slice(0, 12)}…</Text> },
              {
                title: 'Size',
                numeric: true,
                cell: ({ sizeBytes }) => bytes(sizeBytes),
              },
              { title: 'Artifacts', numeric: true, cell: ({ artifacts }) => artifacts.length },
              { title: 'Registered', cell: ({ createdAt }) => ago(createdAt, Date.now()) },
            ]}
          />
        )}
      </QueryView>
      <Aliases model={model.key} />
    </Stack>
  );
}
