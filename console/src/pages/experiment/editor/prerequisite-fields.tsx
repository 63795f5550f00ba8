import { ActionIcon, Button, Group, NativeSelect, Stack, TagsInput, Text } from '@mantine/core';
import type { ProblemIssue } from '../../../api/problem.ts';
import type { StoredExperiment } from '../../../api/types.ts';
import { useRowIds } from '../../../parts/use-row-ids.ts';
import type { Draft } from './draft.ts';
import { messagesAt } from './use-validation.ts';

type Prerequisite = NonNullable<Draft['prerequisites']>[number];

interface PrerequisiteFieldsProps {
  readonly prerequisites: readonly Prerequisite[];
  /** The others. */
  readonly experiments: readonly StoredExperiment[];
  readonly issues: readonly ProblemIssue[];
  readonly onChange: (prerequisites: Prerequisite[]) => void;
}

/** Only units that are in these variants of other experiments take part. */
export function PrerequisiteFields({
  prerequisites,
  experiments,
  issues,
  onChange,
}: PrerequisiteFieldsProps) {
  const { ids, forget } = useRowIds(prerequisites.length);
  const replace = (index: number, next: Prerequisite) =>
    onChange(prerequisites.map((one, at) => (at === index ? next : one)));
  const variantsOf = (key: string) =>
    experiments.find((experiment) => experiment.key === key)?.variants.map((variant) => variant.key) ?? [];
  return (
    <Stack gap="xs">
      {prerequisites.length === 0 && (
        <Text size="sm" c="dimmed">
          None: it depends on no other experiment.
        </Text>
      )}
      {prerequisites.map((prerequisite, index) => (
        <Group key={ids[index]} align="flex-end" gap="xs">
          <NativeSelect
            label="Experiment"
            data={experiments.map(({ key }) => key)}
            value={prerequisite.experiment}
            onChange={(event) => replace(index, { experiment: event.currentTarget.value, variants: [] })}
          />
          <TagsInput
            label="Variants"
            data={variantsOf(prerequisite.experiment)}
            value={[...prerequisite.variants]}
            error={messagesAt(issues, `/prerequisites/${index}`)[0] ?? null}
            onChange={(variants) => replace(index, { ...prerequisite, variants })}
            flex={1}
            miw={220}
          />
          <ActionIcon
            variant="default"
            size="input-sm"
            aria-label={`Remove the prerequisite ${prerequisite.experiment}`}
            onClick={() => {
              forget(index);
              onChange(prerequisites.filter((_, at) => at !== index));
            }}
          >
            ×
          </ActionIcon>
        </Group>
      ))}
      {experiments.length > 0 && (
        <Button
          variant="default"
          size="compact-sm"
          w="fit-content"
          onClick={() =>
            onChange([...prerequisites, { experiment: experiments[0]?.key ?? '', variants: [] }])
          }
        >
          Add a prerequisite
        </Button>
      )}
    </Stack>
  );
}
