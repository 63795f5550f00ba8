import { Accordion, Button, Code, Modal, Stack, Text, Textarea, TextInput, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, unwrap } from '../../api/client.ts';
import { useMay } from '../../api/identity.ts';
import { useTenants } from '../../api/queries.ts';
import type { StoredTenant } from '../../api/types.ts';
import { Empty } from '../../parts/empty.tsx';
import { FailureAlert } from '../../parts/failure-alert.tsx';
import { Page } from '../../parts/page.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { KeyTable } from './key-table.tsx';
import { NewTenantKey } from './new-tenant-key.tsx';
import { ServiceKeys } from './service-keys.tsx';

/** Who calls, and with which keys: tenants on the data plane, automation on the control plane. */
export function Tenants() {
  const tenants = useTenants();
  const may = useMay();
  return (
    <Page
      title="Tenants and keys"
      description="Who calls the gateway, and with what"
      actions={may.administer && <NewTenant />}
    >
      <QueryView query={tenants}>
        {(all) =>
          all.length === 0 ? (
            <Empty title="No tenant yet">
              A tenant calls endpoints with a key of its own, and never sees another one’s data.
            </Empty>
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
      {may.administer && (
        <>
          <Title order={2}>Service keys</Title>
          <ServiceKeys />
        </>
      )}
    </Page>
  );
}

function TenantPanel({ tenant }: { readonly tenant: StoredTenant }) {
  const may = useMay();
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        Attributes, as audiences see them under <Code>tenant.</Code>
      </Text>
      <Code block>{JSON.stringify(tenant.attributes ?? {}, null, 2)}</Code>
      {may.manageKeysOf(tenant.key) ? (
        <>
          <KeyTable
            caption={`API keys of ${tenant.key}`}
            collection={`/admin/v1/tenants/${tenant.key}/keys`}
            extra={{ title: 'May', cell: ({ scopes }) => scopes?.join(', ') ?? '' }}
          />
          <NewTenantKey tenant={tenant.key} />
        </>
      ) : (
        <Text size="sm" c="dimmed">
          Its keys are for administrators, and for its own.
        </Text>
      )}
    </Stack>
  );
}

function NewTenant() {
  const [opened, setOpened] = useState(false);
  const [key, setKey] = useState('');
  const [attributes, setAttributes] = useState('{}');
  const queries = useQueryClient();
  const create = useMutation({
    mutationFn: () =>
      unwrap(api.POST('/admin/v1/tenants', { body: { key, attributes: JSON.parse(attributes) } })),
    onSuccess: async () => {
      setOpened(false);
      setKey('');
      await queries.invalidateQueries({ queryKey: ['tenants'] });
    },
  });
  return (
    <>
      <Button onClick={() => setOpened(true)}>New tenant</Button>
      <Modal opened={opened} onClose={() => setOpened(false)} title="New tenant">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            create.mutate();
          }}
        >
          <Stack>
            <TextInput
              label="Key"
              required
              value={key}
              onChange={(event) => setKey(event.currentTarget.value)}
            />
            <Textarea
              label="Attributes"
              description="A JSON object that audiences see under tenant."
              autosize
              minRows={2}
              value={attributes}
              onChange={(event) => setAttributes(event.currentTarget.value)}
            />
            <FailureAlert of={create} />
            <Button type="submit" loading={create.isPending} disabled={key === ''}>
              Register it
            </Button>
          </Stack>
        </form>
      </Modal>
    </>
  );
}
