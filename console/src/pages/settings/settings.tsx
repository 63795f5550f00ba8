import { Anchor, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api, unwrap } from '../../api/client.ts';
import { type May, useIdentity, useMay } from '../../api/identity.ts';
import { useEnvironments } from '../../api/queries.ts';
import { hasIdentityProvider } from '../../api/session.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { Page } from '../../parts/page.tsx';
import { QueryView } from '../../parts/query-view.tsx';

/** What this installation is, and who is looking at it. Settings of processes stand in their environment. */
export function Settings() {
  const may = useMay();
  const identity = useIdentity();
  const ready = useQuery({
    queryKey: ['ready'],
    queryFn: () =>
      unwrap(api.GET('/readyz')) as unknown as Promise<{ status: string; revision: number | null }>,
  });
  return (
    <Page
      title="Settings"
      description="Processes are configured by their environment; this page tells what is in force"
    >
      <Stack gap="xs">
        <Title order={2}>You</Title>
        <QueryView query={identity}>
          {({ name, roles, tenant, key }) => (
            <Facts
              rows={[
                ['Name', name],
                ['Roles', roles.join(', ')],
                ...(tenant === null ? [] : [['Tenant', tenant] as const]),
                ['Known by', key === 'session' ? 'the identity provider' : 'a key'],
                ['You may', whatOf(may)],
              ]}
            />
          )}
        </QueryView>
      </Stack>
      <Stack gap="xs">
        <Title order={2}>Gateway</Title>
        <QueryView query={ready}>
          {({ status, revision }) => (
            <Facts
              rows={[
                ['State', status],
                ['Configuration revision in force', revision ?? 'none'],
                ['Identity provider', hasIdentityProvider() ? 'configured' : 'none: people sign in by key'],
                [
                  'API reference',
                  <Anchor key="docs" href="/docs">
                    /docs
                  </Anchor>,
                ],
                [
                  'API description',
                  <Anchor key="api" href="/openapi.json">
                    /openapi.json
                  </Anchor>,
                ],
              ]}
            />
          )}
        </QueryView>
      </Stack>
      {may.read && <Environments />}
    </Page>
  );
}

/** Who must agree before something starts, or changes while it runs. */
function Environments() {
  const environments = useEnvironments();
  return (
    <Stack gap="xs">
      <Title order={2}>Environments</Title>
      <QueryView query={environments} loading={<Text size="sm">Reading environments …</Text>}>
        {(all) =>
          all.length === 0 ? (
            <Text size="sm" c="dimmed">
              None is registered: nobody must approve before an experiment starts.
            </Text>
          ) : (
            <DataTable
              caption="Environments"
              rows={all}
              keyOf={({ key }) => key}
              columns={[
                { title: 'Environment', cell: ({ key }) => key },
                { title: 'Approvals', numeric: true, cell: ({ approvals }) => approvals },
                {
                  title: 'Reviewers',
                  cell: ({ reviewers }) => reviewers?.join(', ') ?? 'anybody but the author',
                },
              ]}
            />
          )
        }
      </QueryView>
    </Stack>
  );
}

function Facts({ rows }: { readonly rows: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <Table maw={640}>
      <Table.Tbody>
        {rows.map(([name, value]) => (
          <Table.Tr key={name}>
            <Table.Th scope="row">{name}</Table.Th>
            <Table.Td>{value}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function whatOf({ read, experiment, review, administer }: May): string {
  const may = [
    read && 'see experiments, models and the audit log',
    experiment && 'write and run experiments',
    review && 'approve them',
    administer && 'administer everything else',
  ].filter((each) => each !== false);
  return may.length === 0 ? 'see your tenant and manage its keys' : may.join('; ');
}
