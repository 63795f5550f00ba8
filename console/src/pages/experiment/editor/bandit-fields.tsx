import { Group, NumberInput, Select, Switch } from '@mantine/core';
import type { ProblemIssue } from '../../../api/problem.ts';
import type { StoredMetric } from '../../../api/types.ts';
import type { Draft } from './draft.ts';
import { ShareField } from './share-field.tsx';
import { messagesAt } from './use-validation.ts';

type Bandit = NonNullable<Draft['bandit']>;

interface BanditFieldsProps {
  readonly bandit: Bandit | undefined;
  readonly metrics: readonly StoredMetric[];
  readonly issues: readonly ProblemIssue[];
  readonly onChange: (bandit: Bandit | undefined) => void;
}

const START = { floor: 500, cadenceMinutes: 60 };

/** Weights that follow what the variants achieve. */
export function BanditFields({ bandit, metrics, issues, onChange }: BanditFieldsProps) {
  const errorOf = (field: string) => messagesAt(issues, `/bandit/${field}`)[0] ?? null;
  return (
    <>
      <Switch
        label="Let the weights follow the results (Thompson sampling)"
        checked={bandit !== undefined}
        onChange={(event) =>
          onChange(event.currentTarget.checked ? { ...START, metric: metrics[0]?.key ?? '' } : undefined)
        }
      />
      {bandit !== undefined && (
        <Group align="flex-start">
          <Select
            label="What is to be gained"
            data={metrics.map(({ key }) => key)}
            value={bandit.metric === '' ? null : bandit.metric}
            error={errorOf('metric')}
            onChange={(metric) => onChange({ ...bandit, metric: metric ?? '' })}
          />
          <ShareField
            label="Least weight of every variant"
            basisPoints={bandit.floor ?? START.floor}
            error={errorOf('floor')}
            onChange={(floor) => onChange({ ...bandit, floor })}
          />
          <NumberInput
            label="Change the weights every, minutes"
            min={5}
            value={bandit.cadenceMinutes ?? START.cadenceMinutes}
            error={errorOf('cadenceMinutes')}
            onChange={(minutes) => onChange({ ...bandit, cadenceMinutes: Number(minutes) })}
          />
        </Group>
      )}
    </>
  );
}
