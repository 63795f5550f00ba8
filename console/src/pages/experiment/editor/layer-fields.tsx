import { Button, Group, NumberInput, Select, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { api, unwrap } from '../../../api/client.ts';
import type { ProblemIssue } from '../../../api/problem.ts';
import { useLayers } from '../../../api/queries.ts';
import { FailureAlert } from '../../../parts/failure-alert.tsx';
import type { Draft } from './draft.ts';
import { messagesAt } from './use-validation.ts';

type Layer = NonNullable<Draft['layer']>;

interface LayerFieldsProps {
  readonly draft: Draft;
  readonly issues: readonly ProblemIssue[];
  readonly onChange: (layer: Layer | undefined) => void;
}

/** Slots of a layer: experiments in one layer never share a unit. */
export function LayerFields({ draft: { layer, environment }, issues, onChange }: LayerFieldsProps) {
  const layers = useLayers().data ?? [];
  const deal = useMutation({
    mutationFn: (key: string) =>
      unwrap(
        api.POST('/admin/v1/layers/{key}/deal', {
          params: { path: { key } },
          body: {
            size: layer === undefined ? 5_000 : layer.to - layer.from,
            environment: environment ?? 'production',
          },
        }),
      ) as unknown as Promise<Layer>,
    onSuccess: onChange,
  });
  const keys = [...new Set([...layers.map(({ key }) => key), ...(layer === undefined ? [] : [layer.key])])];
  return (
    <Stack gap="xs">
      <Select
        label="Layer"
        description="Experiments that choose a target for the same endpoint need slots of one layer"
        data={keys}
        value={layer?.key ?? null}
        clearable
        error={messagesAt(issues, '/layer')[0] ?? null}
        onChange={(key) => onChange(key === null ? undefined : { from: 0, to: 5_000, ...layer, key })}
        maw={360}
      />
      {layer !== undefined && (
        <Group align="flex-end" gap="xs">
          {(['from', 'to'] as const).map((side) => (
            <NumberInput
              key={side}
              label={side === 'from' ? 'Slots from' : 'to (not included)'}
              min={0}
              max={10_000}
              value={layer[side]}
              onChange={(value) => onChange({ ...layer, [side]: Number(value) })}
              maw={160}
            />
          ))}
          <Button variant="default" loading={deal.isPending} onClick={() => deal.mutate(layer.key)}>
            Find a free range
          </Button>
        </Group>
      )}
      {layers.length === 0 && (
        <Text size="sm" c="dimmed">
          There is no layer yet.
        </Text>
      )}
      <FailureAlert of={deal} />
    </Stack>
  );
}
