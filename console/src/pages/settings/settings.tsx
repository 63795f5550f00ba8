import { Anchor, Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { api, unwrap } from '../../api/client.ts';
import { Page } from '../../parts/page.tsx';
import { QueryView } from '../../parts/query-view.tsx';

/** What this installation is. Settings of processes stand in their environment; here they can only be read. */
export function Settings() {
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
      <QueryView query={ready}>
        {({ status, revision }) => (
          <Table maw={560}>
            <Table.Tbody>
              <Table.Tr>
                <Table.Th>Gateway</Table.Th>
                <Table.Td>{status}</Table.Td>
              </Table.Tr>
              <Table.Tr>
                <Table.Th>Configuration revision in force</Table.Th>
                <Table.Td>{revision ?? 'none'}</Table.Td>
              </Table.Tr>
              <Table.Tr>
                <Table.Th>API description</Table.Th>
                <Table.Td>
                  <Anchor href="/openapi.json">/openapi.json</Anchor>
                </Table.Td>
              </Table.Tr>
            </Table.Tbody>
          </Table>
        )}
      </QueryView>
    </Page>
  );
}
