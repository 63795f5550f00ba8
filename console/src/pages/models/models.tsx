import { Badge, Stack, Text, Title } from '@mantine/core';
import { useModels, useTargets, useVersions } from '../../api/queries.ts';
import type { StoredModel, StoredTarget } from '../../api/types.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { Empty } from '../../parts/empty.tsx';
import { ago } from '../../parts/format.ts';
import { Page } from '../../parts/page.tsx';
import { QueryView } from '../../parts/query-view.tsx';

/** The models, their versions, and the places where these answer. */
export function Models() {
  const models = useModels();
  const targets = useTargets();
  return (
    <Page title="Models and targets" description="What can answer, and where">
      <QueryView query={models}>
        {(all) =>
          all.length === 0 ? (
            <Empty title="No model yet">
              Register one with POST /admin/v1/models, then its versions: each is a digest and the places
              where its artifact lies.
            </Empty>
          ) : (
            <Stack gap="xl">
              {all.map((model) => (
                <ModelVersions key={model.key} model={model} />
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
            <TargetTable targets={all} />
          )
        }
      </QueryView>
    </Page>
  );
}

function ModelVersions({ model }: { readonly model: StoredModel }) {
  const versions = useVersions(model.key);
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
              { title: 'SHA-256', cell: ({ sha256 }) => <Text ff="monospace">{sha256.slice(0, 12)}…</Text> },
              {
                title: 'Size',
                numeric: true,
                cell: ({ sizeBytes }) => `${(sizeBytes / 1_048_576).toFixed(2)} MiB`,
              },
              { title: 'Artifacts', cell: ({ artifacts }) => artifacts.length },
              { title: 'Registered', cell: ({ createdAt }) => ago(createdAt, Date.now()) },
            ]}
          />
        )}
      </QueryView>
    </Stack>
  );
}

function TargetTable({ targets }: { readonly targets: readonly StoredTarget[] }) {
  return (
    <DataTable
      caption="Targets"
      rows={targets}
      keyOf={({ key }) => key}
      columns={[
        { title: 'Target', cell: ({ key }) => key },
        {
          title: 'Model',
          cell: (target) => (target.model === undefined ? '—' : `${target.model}/${target.version ?? ''}`),
        },
        {
          title: 'Where',
          cell: ({ cloud, region }) => (
            <Badge variant="default" tt="none">
              {cloud} · {region}
            </Badge>
          ),
        },
        { title: 'How', cell: ({ kind }) => kind },
      ]}
    />
  );
}
