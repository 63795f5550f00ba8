import {
  Button,
  Group,
  NativeSelect,
  Paper,
  SimpleGrid,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, unwrap } from '../../api/client.ts';
import { asProblem } from '../../api/problem.ts';
import { FailureAlert } from '../../parts/failure-alert.tsx';
import { KindFields } from './kind-fields.tsx';
import { asKind, EMPTY_METRIC, KINDS, type MetricDraft } from './metric-draft.ts';
import { MetricPreview } from './metric-preview.tsx';

/** Long enough not to ask at every letter. */
const SETTLE_MS = 350;

/** A new metric, checked as it is typed, with what it would have measured lately. */
export function NewMetric({ onDone }: { readonly onDone: () => void }) {
  const [draft, setDraft] = useState<MetricDraft>(EMPTY_METRIC);
  const [settled] = useDebouncedValue(draft, SETTLE_MS);
  const queries = useQueryClient();
  const complete = settled.key !== '' && settled.event !== '';
  const check = useQuery({
    queryKey: ['metric-check', settled],
    queryFn: () =>
      unwrap(api.POST('/admin/v1/metrics', { params: { query: { dryRun: true } }, body: settled })),
    enabled: complete,
    retry: false,
  });
  const create = useMutation({
    mutationFn: () => unwrap(api.POST('/admin/v1/metrics', { body: draft })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['metrics'] });
      onDone();
    },
  });
  const issues = check.isError ? asProblem(check.error).issues : [];
  const errorOf = (pointer: string) => issues.find(({ path }) => path.startsWith(pointer))?.message ?? null;
  const set = (fields: Partial<MetricDraft>) => setDraft({ ...draft, ...fields });
  return (
    <Paper withBorder p="md" component="section" aria-label="New metric">
      <Stack>
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <TextInput
            label="Key"
            required
            value={draft.key}
            error={errorOf('/key')}
            onChange={(event) => set({ key: event.currentTarget.value })}
          />
          <TextInput
            label="Event"
            description="The outcome that tenants report"
            required
            value={draft.event ?? ''}
            error={errorOf('/event')}
            onChange={(event) => set({ event: event.currentTarget.value })}
          />
          <NativeSelect
            label="Kind"
            data={[...KINDS]}
            value={draft.kind}
            onChange={(event) => {
              const kind = KINDS.find(({ value }) => value === event.currentTarget.value);
              if (kind !== undefined) setDraft(asKind(draft, kind.value));
            }}
          />
          <NativeSelect
            label="Better is"
            data={[
              { value: 'increase', label: 'higher' },
              { value: 'decrease', label: 'lower' },
            ]}
            value={draft.direction ?? 'increase'}
            onChange={(event) =>
              set({ direction: event.currentTarget.value === 'decrease' ? 'decrease' : 'increase' })
            }
          />
          <KindFields draft={draft} onChange={setDraft} errorOf={errorOf} />
        </SimpleGrid>
        <Textarea
          label="Description"
          description="It explains the number wherever it stands"
          autosize
          value={draft.description ?? ''}
          onChange={(event) => set({ description: event.currentTarget.value })}
        />
        {check.isError && issues.length === 0 && (
          <Text size="sm" className="bad" role="alert">
            {asProblem(check.error).message}
          </Text>
        )}
        <MetricPreview metric={settled} enabled={complete && check.isSuccess} />
        <FailureAlert of={create} />
        <Group>
          <Button
            loading={create.isPending}
            disabled={!complete || !check.isSuccess || settled !== draft}
            onClick={() => create.mutate()}
          >
            Register it
          </Button>
          <Button variant="default" onClick={onDone}>
            Cancel
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}
