import { Group, TextInput } from '@mantine/core';
import type { ProblemIssue } from '../../../api/problem.ts';
import type { Draft } from './draft.ts';
import { messagesAt } from './use-validation.ts';

type Schedule = NonNullable<Draft['schedule']>;

interface ScheduleFieldsProps {
  readonly schedule: Schedule;
  readonly issues: readonly ProblemIssue[];
  readonly onChange: (schedule: Schedule | undefined) => void;
}

const FIELDS = [
  { field: 'startAt', label: 'Start by itself at' },
  { field: 'stopAt', label: 'Stop by itself at' },
] as const;

/** When it begins and ends by itself, in the time of whoever looks. */
export function ScheduleFields({ schedule, issues, onChange }: ScheduleFieldsProps) {
  return (
    <Group>
      {FIELDS.map(({ field, label }) => (
        <TextInput
          key={field}
          type="datetime-local"
          label={label}
          description="In your time; never unless given"
          value={localTime(schedule[field])}
          error={messagesAt(issues, `/schedule/${field}`)[0] ?? null}
          onChange={(event) => {
            const { [field]: _previous, ...rest } = schedule;
            const { value } = event.currentTarget;
            const next = value === '' ? rest : { ...rest, [field]: new Date(value).toISOString() };
            onChange(Object.keys(next).length === 0 ? undefined : next);
          }}
        />
      ))}
    </Group>
  );
}

/** An instant as the field wants it: local, to the minute, without a zone. */
function localTime(iso: string | undefined): string {
  if (iso === undefined) return '';
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
