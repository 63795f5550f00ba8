import { Button, Group, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { askJson } from '../../api/client.ts';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { FailureAlert } from '../../parts/failure-alert.tsx';
import { ago } from '../../parts/format.ts';
import { QueryView } from '../../parts/query-view.tsx';
import { SecretOnce } from './secret-once.tsx';

/** A key as it is listed: its secret was in one answer only. */
export interface ListedKey {
  readonly id: string;
  readonly name: string;
  readonly scopes?: readonly string[];
  readonly roles?: readonly string[];
  readonly tenant?: string | null;
  /** Null or not there: never. */
  readonly expiresAt?: string | null;
  readonly lastUsedAt: string | null;
}

interface KeyTableProps {
  readonly caption: string;
  /** Where keys of this kind are kept. */
  readonly collection: string;
  /** What this kind has that others have not. */
  readonly extra: Column<ListedKey>;
}

/** Keys with what is known of them; each can get a new secret, or be revoked. */
export function KeyTable({ caption, collection, extra }: KeyTableProps) {
  const [secret, setSecret] = useState<string | null>(null);
  const queries = useQueryClient();
  const keys = useQuery({
    queryKey: ['keys', collection],
    queryFn: async () => (await askJson<{ items: readonly ListedKey[] }>(`${collection}?limit=500`)).items,
  });
  const onSettled = () => queries.invalidateQueries({ queryKey: ['keys', collection] });
  const revoke = useMutation({
    mutationFn: (id: string) => askJson(`${collection}/${id}`, { method: 'DELETE' }),
    onSettled,
  });
  const rotate = useMutation({
    mutationFn: (id: string) =>
      askJson<{ secret: string }>(`${collection}/${id}/rotate`, { method: 'POST', body: {} }),
    onSuccess: (answer) => setSecret(answer.secret),
    onSettled,
  });
  return (
    <QueryView query={keys} loading={<Text size="sm">Reading keys …</Text>}>
      {(all) => (
        <>
          {all.length === 0 ? (
            <Text size="sm" c="dimmed">
              No key yet.
            </Text>
          ) : (
            <DataTable
              caption={caption}
              rows={all}
              keyOf={({ id }) => id}
              columns={[
                { title: 'Key', cell: ({ name }) => name },
                extra,
                {
                  title: 'Last used',
                  cell: ({ lastUsedAt }) => (lastUsedAt === null ? 'never' : ago(lastUsedAt, Date.now())),
                },
                {
                  title: 'Expires',
                  cell: ({ expiresAt }) =>
                    typeof expiresAt === 'string' ? new Date(expiresAt).toLocaleDateString() : 'never',
                },
                {
                  title: 'Do',
                  cell: ({ id, name }) => (
                    <Group gap={4} wrap="nowrap">
                      <Button
                        size="compact-xs"
                        variant="default"
                        aria-label={`Give ${name} a new secret`}
                        onClick={() => rotate.mutate(id)}
                      >
                        New secret
                      </Button>
                      <Button
                        size="compact-xs"
                        variant="default"
                        aria-label={`Revoke ${name}`}
                        onClick={() => revoke.mutate(id)}
                      >
                        Revoke
                      </Button>
                    </Group>
                  ),
                },
              ]}
            />
          )}
          <FailureAlert of={revoke} />
          <FailureAlert of={rotate} />
          <SecretOnce
            secret={secret}
            note="The old secret goes on working for a day."
            onClose={() => setSecret(null)}
          />
        </>
      )}
    </QueryView>
  );
}
