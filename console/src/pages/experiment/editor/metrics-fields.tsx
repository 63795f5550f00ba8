import { MultiSelect, Select, Stack } from '@mantine/core';
import type { StoredMetric } from '../../../api/types.ts';
import type { Draft } from './draft.ts';

type Chosen = NonNullable<Draft['metrics']>;

interface MetricsFieldsProps {
  readonly chosen: Chosen | undefined;
  readonly metrics: readonly StoredMetric[];
  readonly error: string | null;
  /** Undefined: without a primary metric there are none, and no verdict. */
  readonly onChange: (chosen: Chosen | undefined) => void;
}

/** Every experiment is guarded by these whether it names them or not. */
const BUILT_IN = ['error-rate', 'latency'];

/** What decides, what informs and what protects. */
export function MetricsFields({ chosen, metrics, error, onChange }: MetricsFieldsProps) {
  const own = metrics.map(({ key }) => key);
  const all = [
    ...new Set([...own, ...BUILT_IN, ...(chosen?.secondary ?? []), ...(chosen?.guardrails ?? [])]),
  ];
  return (
    <Stack>
      <Select
        label="Primary metric"
        description="The one that decides; without it there is no verdict"
        data={all}
        value={chosen?.primary ?? null}
        error={error}
        clearable
        searchable
        onChange={(primary) =>
          onChange(primary === null ? undefined : { secondary: [], guardrails: [], ...chosen, primary })
        }
      />
      <MultiSelect
        label="Secondary metrics"
        description="Told beside it, with their correction for being several"
        data={all}
        value={[...(chosen?.secondary ?? [])]}
        disabled={chosen === undefined}
        searchable
        onChange={(secondary) => chosen && onChange({ ...chosen, secondary })}
      />
      <MultiSelect
        label="Guardrails"
        description="What must not get worse; error rate and latency always guard"
        data={all}
        value={[...(chosen?.guardrails ?? [])]}
        disabled={chosen === undefined}
        searchable
        onChange={(guardrails) => chosen && onChange({ ...chosen, guardrails })}
      />
    </Stack>
  );
}
