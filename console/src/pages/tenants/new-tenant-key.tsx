import { Button, Group, MultiSelect, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { askJson } from '../../api/client.ts';
import { FailureAlert } from '../../parts/failure-alert.tsx';
import { SecretOnce } from './secret-once.tsx';

const SCOPES = ['infer', 'flags', 'outcomes', 'exposures'];

/** A key for a tenant's backend. */
export function NewTenantKey({ tenant }: { readonly tenant: string }) {
  const collection = `/admin/v1/tenants/${tenant}/keys`;
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState(SCOPES);
  const queries = useQueryClient();
  const create = useMutation({
    mutationFn: () => askJson<{ secret: string }>(collection, { method: 'POST', body: { name, scopes } }),
    onSuccess: () => {
      setName('');
      void queries.invalidateQueries({ queryKey: ['keys', collection] });
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
        />
        <MultiSelect label="It may" data={SCOPES} value={scopes} onChange={setScopes} />
        <Button type="submit" loading={create.isPending} disabled={name.trim() === '' || scopes.length === 0}>
          Make a key
        </Button>
      </Group>
      <FailureAlert of={create} />
      <SecretOnce secret={create.data?.secret ?? null} onClose={() => create.reset()} />
    </form>
  );
}
