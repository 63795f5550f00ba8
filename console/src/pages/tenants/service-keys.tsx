import { Button, Group, MultiSelect, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { askJson } from '../../api/client.ts';
import { FailureAlert } from '../../parts/failure-alert.tsx';
import { KeyTable } from './key-table.tsx';
import { SecretOnce } from './secret-once.tsx';

const COLLECTION = '/admin/v1/service-keys';
const ROLES = ['viewer', 'experimenter', 'reviewer', 'admin', 'tenant-admin'];

/** Keys for automation on the control plane, and for people who have no identity provider. */
export function ServiceKeys() {
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        For pipelines, and for people where there is no identity provider. Each may do what its roles may.
      </Text>
      <KeyTable
        caption="Service keys"
        collection={COLLECTION}
        extra={{
          title: 'Roles',
          cell: ({ roles, tenant }) =>
            `${roles?.join(', ') ?? ''}${tenant === null || tenant === undefined ? '' : ` of ${tenant}`}`,
        }}
      />
      <NewServiceKey />
    </Stack>
  );
}

function NewServiceKey() {
  const [name, setName] = useState('');
  const [roles, setRoles] = useState<string[]>([]);
  const [tenant, setTenant] = useState('');
  const queries = useQueryClient();
  const ofTenant = roles.includes('tenant-admin');
  const create = useMutation({
    mutationFn: () =>
      askJson<{ secret: string }>(COLLECTION, {
        method: 'POST',
        body: { name, roles, ...(ofTenant ? { tenant } : {}) },
      }),
    onSuccess: () => {
      setName('');
      void queries.invalidateQueries({ queryKey: ['keys', COLLECTION] });
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
          label="Name of a new service key"
          placeholder="deploy pipeline"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <MultiSelect label="Roles" data={ROLES} value={roles} onChange={setRoles} miw={200} />
        {ofTenant && (
          <TextInput
            label="Its tenant"
            value={tenant}
            onChange={(event) => setTenant(event.currentTarget.value)}
          />
        )}
        <Button type="submit" loading={create.isPending} disabled={name.trim() === '' || roles.length === 0}>
          Make a service key
        </Button>
      </Group>
      <FailureAlert of={create} />
      <SecretOnce secret={create.data?.secret ?? null} onClose={() => create.reset()} />
    </form>
  );
}
