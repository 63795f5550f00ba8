import { NumberInput, TextInput } from '@mantine/core';
import { withField } from '../../parts/with-field.ts';
import type { MetricDraft } from './metric-draft.ts';

interface KindFieldsProps {
  readonly draft: MetricDraft;
  readonly onChange: (draft: MetricDraft) => void;
  readonly errorOf: (pointer: string) => string | null;
}

/** What only some kinds have, and when outcomes count. */
export function KindFields({ draft, onChange, errorOf }: KindFieldsProps) {
  const { kind, window } = draft;
  const put = <Field extends keyof MetricDraft>(field: Field, value: MetricDraft[Field] | undefined) =>
    onChange(withField(draft, field, value));
  return (
    <>
      {kind === 'proportion' && (
        <Optional
          label="Least value that counts"
          value={draft.threshold}
          error={errorOf('/threshold')}
          onChange={(value) => put('threshold', value)}
        />
      )}
      {kind === 'quantile' && (
        <Optional
          label="Quantile, as a share"
          value={draft.quantile}
          error={errorOf('/quantile')}
          onChange={(value) => put('quantile', value)}
        />
      )}
      {kind === 'ratio' && (
        <TextInput
          label="Over the number of"
          description="The event whose count it is divided by"
          value={draft.denominator?.event ?? ''}
          error={errorOf('/denominator')}
          onChange={(event) => put('denominator', { event: event.currentTarget.value, of: 'count' })}
        />
      )}
      {(kind === 'sum' || kind === 'mean' || kind === 'count') && (
        <Optional
          label="Cap a unit at this percentile, as a share"
          value={draft.cap !== undefined && 'percentile' in draft.cap ? draft.cap.percentile : undefined}
          error={errorOf('/cap')}
          onChange={(percentile) => put('cap', percentile === undefined ? undefined : { percentile })}
        />
      )}
      {kind !== 'quantile' && kind !== 'retention' && (
        <Optional
          label="Take out the days before (CUPED)"
          value={draft.covariate?.days}
          error={errorOf('/covariate')}
          onChange={(days) => put('covariate', days === undefined ? undefined : { days })}
        />
      )}
      <Optional
        label="Count for so many hours after the exposure"
        value={window?.lengthHours}
        error={errorOf('/window')}
        onChange={(lengthHours) =>
          put('window', lengthHours === undefined ? undefined : { ...window, lengthHours })
        }
      />
    </>
  );
}

interface OptionalProps {
  readonly label: string;
  readonly value: number | undefined;
  readonly error: string | null;
  readonly onChange: (value: number | undefined) => void;
}

/** A number, or none where the field stands empty. */
function Optional({ label, value, error, onChange }: OptionalProps) {
  return (
    <NumberInput
      label={label}
      value={value ?? ''}
      error={error}
      onChange={(next) => onChange(next === '' ? undefined : Number(next))}
    />
  );
}
