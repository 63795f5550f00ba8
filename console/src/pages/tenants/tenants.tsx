import { Accordion, Button, Code, CopyButton, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, unwrap } from '../../api/client.ts';
import { asProblem } from '../../api/problem.ts';
import { useKeys, useTenants } from '../../api/queries.ts';
import type { StoredTenant } from '../../api/types.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { Empty } from '../../parts/empty.tsx';
import { Page } from '../../parts/page.tsx';
import { QueryView } from '../../parts/query-view.tsx';

/** Who calls, and with which keys. */
export function Tenants() {
  const tenants = useTenants();
  return (
    <Page title="Tenants and keys" description="Who calls the gateway, and with what">
      <QueryView query={tenants}>
        {(all) =>
          all.length === 0 ? (
            <Empty title="No tenant yet">Register one with POST /admin/v1/tenants.</Empty>
          ) : (
            <Accordion variant="separated" order={2}>
              {all.map((tenant) => (
                <Accordion.Item key={tenant.key} value={tenant.key}>
                  <Accordion.Control>{tenant.name ?? tenant.key}</Accordion.Control>
                  <Accordion.Panel>
                    <TenantPanel tenant={tenant} />
                  </Accordion.Panel>
                </Accordion.Item>
              ))}
            </Accordion>
          )
        }
      </QueryView>
    </Page>
  );
}

function TenantPanel({ tenant }: { readonly tenant: StoredTenant }) {
  const keys = useKeys(tenant.key);
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: (id: string) =>
      unwrap(
        api.DELETE('/admin/v1/tenants/{tenant}/keys/{id}', { params: { path: { tenant: tenant.key, id } } }),
      ),
    onSettled: () => queries.invalidateQueries({ queryKey: ['keys', tenant.key] }),
  });
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        Attributes, as audiences see them under <Code>tenant.</Code>
      </Text>
      <Code block>{JSON.stringify(tenant.attributes ?? {}, null, 2)}</Code>
      <QueryView query={keys} loading={<Text size="sm">Reading keys …</Text>}>
        {(all) => (
          <DataTable
            caption={`API keys of ${tenant.key}`}
            rows={all}
            keyOf={({ id }) => id}
            columns={[
              { title: 'Key', cell: ({ name }) => name },
              { title: 'Id', cell: ({ id }) => <Text ff="monospace">{id}</Text> },
              {
                title: 'Revoke',
                cell: ({ id, name }) => (
                  <Button
                    size="compact-xs"
                    variant="default"
                    aria-label={`Revoke ${name}`}
                    onClick={() => revoke.mutate(id)}
                  >
                    Revoke
                  </Button>
                ),
              },
            ]}
          />
        )}
      </QueryView>
      <NewKey tenant={tenant.key} />
    </Stack>
  );
}

function NewKey({ tenant }: { readonly tenant: string }) {
  const [name, setName] = useState('');
  const queries = useQueryClient();
  const create = useMutation({
    mutationFn: () =>
      unwrap(api.POST('/admin/v1/tenants/{tenant}/keys', { params: { path: { tenant } }, body: { name } })),
    onSuccess: () => {
      setName('');
      void queries.invalidateQueries({ queryKey: ['keys', tenant] });
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate();
      }}
    >
      <Group align="flex-end">
        <TextInput
          label="Name of a new key"
          placeholder="backend"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={create.isError ? asProblem(create.error).message : null}
        />
        <Button type="submit" loading={create.isPending} disabled={name.trim() === ''}>
          Make a key
        </Button>
      </Group>
      <Modal
        opened={create.data !== undefined}
        onClose={() => create.reset()}
        title="The new key, shown this once"
      >
        <Stack>
          <Code block>{create.data?.secret}</Code>
          <CopyButton value={create.data?.secret ?? ''}>
            {({ copied, copy }) => <Button onClick={copy}>{copied ? 'Copied' : 'Copy'}</Button>}
          </CopyButton>
        </Stack>
      </Modal>
    </form>
  );
}
