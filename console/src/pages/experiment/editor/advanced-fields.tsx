import { Accordion, NativeSelect, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { ProblemIssue } from '../../../api/problem.ts';
import { useExperiments, useHoldouts } from '../../../api/queries.ts';
import type { StoredMetric } from '../../../api/types.ts';
import { percentOfBp } from '../../../parts/format.ts';
import { withField } from '../../../parts/with-field.ts';
import { BanditFields } from './bandit-fields.tsx';
import type { Draft } from './draft.ts';
import { JsonField } from './json-field.tsx';
import { LayerFields } from './layer-fields.tsx';
import { OverrideFields } from './override-fields.tsx';
import { PrerequisiteFields } from './prerequisite-fields.tsx';
import { RampFields } from './ramp-fields.tsx';
import { ScheduleFields } from './schedule-fields.tsx';
import { messagesAt } from './use-validation.ts';

interface AdvancedFieldsProps {
  readonly draft: Draft;
  readonly metrics: readonly StoredMetric[];
  readonly issues: readonly ProblemIssue[];
  readonly onChange: (draft: Draft) => void;
}

/** What many experiments do without, a section each; those in use are open. */
export function AdvancedFields(props: AdvancedFieldsProps) {
  const sections = sectionsOf(props);
  const inUse = sections.filter(({ summary }) => summary !== null).map(({ title }) => title);
  return (
    <Accordion multiple defaultValue={inUse} variant="separated" order={3}>
      {sections.map(({ title, summary, content }) => (
        <Accordion.Item key={title} value={title}>
          <Accordion.Control>
            {title}
            {summary !== null && (
              <Text span c="dimmed" size="sm">
                {' '}
                {summary}
              </Text>
            )}
          </Accordion.Control>
          <Accordion.Panel>{content}</Accordion.Panel>
        </Accordion.Item>
      ))}
    </Accordion>
  );
}

interface Section {
  readonly title: string;
  /** What is set, in short; null where nothing is. */
  readonly summary: string | null;
  readonly content: ReactNode;
}

function sectionsOf({ draft, metrics, issues, onChange }: AdvancedFieldsProps): Section[] {
  const { ramp, schedule, layer, overrides = [], prerequisites = [], bandit, parametersSchema } = draft;
  const steps = ramp?.steps ?? [];
  const put = <Field extends keyof Draft>(field: Field, value: Draft[Field] | undefined) =>
    onChange(withField(draft, field, value));
  return [
    {
      title: 'Ramp',
      summary: steps.length === 0 ? null : steps.map(({ allocation }) => percentOfBp(allocation)).join(' → '),
      content: (
        <RampFields
          steps={steps}
          issues={issues}
          onChange={(next) => put('ramp', next.length === 0 ? undefined : { steps: next })}
        />
      ),
    },
    {
      title: 'Schedule',
      summary: schedule === undefined ? null : 'starts or stops by itself',
      content: (
        <ScheduleFields
          schedule={schedule ?? {}}
          issues={issues}
          onChange={(next) => put('schedule', next)}
        />
      ),
    },
    {
      title: 'Adaptive allocation',
      summary: bandit === undefined ? null : `towards ${bandit.metric}`,
      content: <BanditFields {...{ bandit, metrics, issues }} onChange={(next) => put('bandit', next)} />,
    },
    {
      title: 'Layer and environment',
      summary: layer === undefined ? null : `${layer.key}, slots ${layer.from}–${layer.to}`,
      content: (
        <>
          <NativeSelect
            label="Environment"
            description="The gateways of this environment serve it"
            data={['dev', 'staging', 'production']}
            value={draft.environment ?? 'production'}
            error={messagesAt(issues, '/environment')[0] ?? null}
            onChange={({ currentTarget: { value } }) =>
              put('environment', value === 'dev' || value === 'staging' ? value : 'production')
            }
            maw={360}
            mb="sm"
          />
          <LayerFields draft={draft} issues={issues} onChange={(next) => put('layer', next)} />
        </>
      ),
    },
    {
      title: 'Prerequisites and holdouts',
      summary:
        prerequisites.length === 0 ? null : prerequisites.map(({ experiment }) => experiment).join(', '),
      content: (
        <Exclusions {...{ draft, prerequisites, issues }} onChange={(next) => put('prerequisites', next)} />
      ),
    },
    {
      title: 'Overrides for testing',
      summary: overrides.length === 0 ? null : `${overrides.length}`,
      content: (
        <OverrideFields
          overrides={overrides}
          variants={draft.variants.map(({ key }) => key)}
          issues={issues}
          onChange={(next) => put('overrides', next)}
        />
      ),
    },
    {
      title: 'Schema of parameters',
      summary: parametersSchema === undefined ? null : 'checked',
      content: (
        <JsonField
          label="Schema of the parameters"
          description="JSON Schema (2020-12) that every variant's parameters must satisfy"
          value={parametersSchema}
          error={messagesAt(issues, '/parametersSchema')[0] ?? null}
          onChange={(next) => put('parametersSchema', next)}
        />
      ),
    },
  ];
}

interface ExclusionsProps {
  readonly draft: Draft;
  readonly prerequisites: NonNullable<Draft['prerequisites']>;
  readonly issues: readonly ProblemIssue[];
  readonly onChange: (prerequisites: NonNullable<Draft['prerequisites']>) => void;
}

/** Who of the audience does not take part: by other experiments, and by holdouts, which are not this one's to change. */
function Exclusions({ draft, prerequisites, issues, onChange }: ExclusionsProps) {
  const experiments = useExperiments().data ?? [];
  const holdouts = (useHoldouts().data ?? []).filter(
    ({ endpoint, unit }) => unit === draft.unit && (endpoint === undefined || endpoint === draft.endpoint),
  );
  return (
    <>
      <PrerequisiteFields
        prerequisites={prerequisites}
        experiments={experiments.filter(({ key }) => key !== draft.key)}
        issues={issues}
        onChange={onChange}
      />
      <Text size="sm" mt="sm">
        {holdouts.length === 0
          ? 'No holdout keeps units out of it.'
          : `Held out: ${holdouts.map(({ key, share }) => `${percentOfBp(share)} by ${key}`).join(', ')}.`}
      </Text>
    </>
  );
}
