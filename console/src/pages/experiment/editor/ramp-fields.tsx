import { ActionIcon, Button, Group, NumberInput, Stack, Text } from '@mantine/core';
import type { ProblemIssue } from '../../../api/problem.ts';
import { useRowIds } from '../../../parts/use-row-ids.ts';
import type { Draft } from './draft.ts';
import { ShareField } from './share-field.tsx';
import { messagesAt } from './use-validation.ts';

type Step = NonNullable<Draft['ramp']>['steps'][number];

interface RampFieldsProps {
  readonly steps: readonly Step[];
  readonly issues: readonly ProblemIssue[];
  readonly onChange: (steps: Step[]) => void;
}

/** A common way up: little for an hour, a tenth for a day, then everybody. */
const USUAL_STEPS: readonly Step[] = [
  { allocation: 100, dwellMinutes: 60 },
  { allocation: 1_000, dwellMinutes: 1_440 },
  { allocation: 10_000, dwellMinutes: 0 },
];

/** Allocation in steps, each left only after its time and while no guardrail is breached. */
export function RampFields({ steps, issues, onChange }: RampFieldsProps) {
  const { ids, forget } = useRowIds(steps.length);
  const replace = (index: number, fields: Partial<Step>) =>
    onChange(steps.map((step, at) => (at === index ? { ...step, ...fields } : step)));
  if (steps.length === 0) {
    return (
      <Stack gap="xs" align="flex-start">
        <Text size="sm" c="dimmed">
          No ramp: it starts with all of its allocation.
        </Text>
        <Button variant="default" size="compact-sm" onClick={() => onChange([...USUAL_STEPS])}>
          Ramp in steps
        </Button>
      </Stack>
    );
  }
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed">
        A step is left after its time, and only while no guardrail is breached.
      </Text>
      {steps.map((step, index) => (
        <Group key={ids[index]} align="flex-end" gap="xs">
          <ShareField
            label={`Step ${index + 1}`}
            basisPoints={step.allocation}
            error={messagesAt(issues, `/ramp/steps/${index}/allocation`)[0] ?? null}
            onChange={(allocation) => replace(index, { allocation })}
          />
          <NumberInput
            label="Hold for, minutes"
            min={0}
            value={step.dwellMinutes}
            error={messagesAt(issues, `/ramp/steps/${index}/dwellMinutes`)[0] ?? null}
            onChange={(minutes) => replace(index, { dwellMinutes: Number(minutes) })}
            maw={180}
          />
          <ActionIcon
            variant="default"
            size="input-sm"
            aria-label={`Remove step ${index + 1}`}
            onClick={() => {
              forget(index);
              onChange(steps.filter((_, at) => at !== index));
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
        onClick={() => onChange([...steps, { allocation: 10_000, dwellMinutes: 0 }])}
      >
        Add a step
      </Button>
    </Stack>
  );
}
