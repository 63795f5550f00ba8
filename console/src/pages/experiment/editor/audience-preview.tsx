import { Text } from '@mantine/core';
import { asProblem } from '../../../api/problem.ts';
import { count } from '../../../parts/format.ts';
import type { Draft } from './draft.ts';
import { usePreview } from './use-preview.ts';

interface AudienceAnswer {
  readonly days: number;
  readonly units: number;
  /** Null where the audience asks for what is not recorded. */
  readonly matching: number | null;
  readonly unrecorded: readonly string[];
}

/** How many of those who came lately the audience would take. */
export function AudiencePreview({ draft, enabled }: { readonly draft: Draft; readonly enabled: boolean }) {
  const { data, isError, error, isFetching } = usePreview<AudienceAnswer>('audience', draft, { enabled });
  return (
    <Text size="sm" c="dimmed" role="status" aria-busy={isFetching}>
      {isError ? refusal(asProblem(error).code) : data === undefined ? '' : textOf(data, draft)}
    </Text>
  );
}

/** What is wrong with the draft stands beside its fields already. */
function refusal(code: string): string {
  return code === 'invalid-configuration'
    ? ''
    : 'How many match cannot be told now: the lake could not be read.';
}

function textOf({ days, units, matching, unrecorded }: AudienceAnswer, { unit, endpoint }: Draft): string {
  if (units === 0)
    return `No ${unit} was in an experiment at ${endpoint} in the last ${days} days: how many match cannot be told.`;
  if (matching === null)
    return `How many match cannot be told: ${unrecorded.join(', ')} is not among the dimensions that ${endpoint} records.`;
  const share = `${((100 * matching) / units).toFixed(0)}%`;
  return `${count(matching)} of the ${count(units)} ${unit}s in experiments at ${endpoint} in the last ${days} days match (${share}).`;
}
