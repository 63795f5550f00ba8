import { ActionIcon, Button, Group, NativeSelect, Stack, TagsInput, Text } from '@mantine/core';
import type { ProblemIssue } from '../../../api/problem.ts';
import { useRowIds } from '../../../parts/use-row-ids.ts';
import type { Draft } from './draft.ts';
import { messagesAt } from './use-validation.ts';

type Override = NonNullable<Draft['overrides']>[number];

interface OverrideFieldsProps {
  readonly overrides: readonly Override[];
  readonly variants: readonly string[];
  readonly issues: readonly ProblemIssue[];
  readonly onChange: (overrides: Override[]) => void;
}

/** Units that always get one variant, for testing; their requests leave no exposures. */
export function OverrideFields({ overrides, variants, issues, onChange }: OverrideFieldsProps) {
  const { ids, forget } = useRowIds(overrides.length);
  const replace = (index: number, fields: Partial<Override>) =>
    onChange(overrides.map((one, at) => (at === index ? { ...one, ...fields } : one)));
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed">
        These units always get that variant, and count in no result.
      </Text>
      {overrides.map((override, index) => (
        <Group key={ids[index]} align="flex-end" gap="xs">
          <NativeSelect
            label="Variant"
            data={[...variants]}
            value={override.variant}
            onChange={(event) => replace(index, { variant: event.currentTarget.value })}
          />
          <TagsInput
            label="Units"
            placeholder="Type an id and press Enter"
            value={[...override.units]}
            error={messagesAt(issues, `/overrides/${index}`)[0] ?? null}
            onChange={(units) => replace(index, { units })}
            flex={1}
            miw={220}
          />
          <ActionIcon
            variant="default"
            size="input-sm"
            aria-label={`Remove the override to ${override.variant}`}
            onClick={() => {
              forget(index);
              onChange(overrides.filter((_, at) => at !== index));
            }}
          >
            ×
          </ActionIcon>
        </Group>
      ))}
      <Button
        variant="default"
        size="compact-sm"
        w="fit-content"
        onClick={() => onChange([...overrides, { variant: variants[0] ?? '', units: [] }])}
      >
        Add an override
      </Button>
    </Stack>
  );
}
