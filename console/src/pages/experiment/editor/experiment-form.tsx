import { Alert, Divider, List, SimpleGrid, Stack, Textarea, TextInput, Title } from '@mantine/core';
import { useMay } from '../../../api/identity.ts';
import { useEndpoints, useMetrics, useTargets } from '../../../api/queries.ts';
import { withField } from '../../../parts/with-field.ts';
import { AudienceBuilder } from '../audience/audience-builder.tsx';
import { AdvancedFields } from './advanced-fields.tsx';
import { AudiencePreview } from './audience-preview.tsx';
import type { Draft } from './draft.ts';
import { MetricsFields } from './metrics-fields.tsx';
import { PowerPanel } from './power-panel.tsx';
import { ShareField } from './share-field.tsx';
import { SuggestField } from './suggest-field.tsx';
import { messagesAt, type Validation } from './use-validation.ts';
import { VariantFields } from './variant-fields.tsx';

interface ExperimentFormProps {
  readonly draft: Draft;
  readonly onChange: (draft: Draft) => void;
  readonly validation: Validation;
  /** A key never changes once the experiment is there. */
  readonly isNew: boolean;
}

/** Everything that an experiment is, on one page, with what the gateway says of it beside each field. */
export function ExperimentForm({ draft, onChange, validation, isNew }: ExperimentFormProps) {
  const endpoints = useEndpoints().data ?? [];
  const targets = useTargets().data ?? [];
  const metrics = useMetrics().data ?? [];
  const { issues, warnings } = validation;
  const may = useMay();
  const errorOf = (pointer: string) => messagesAt(issues, pointer)[0] ?? null;
  const set = (fields: Partial<Draft>) => onChange({ ...draft, ...fields });
  return (
    <Stack gap="lg">
      <General
        issues={issues
          .filter(({ path }) => !SHOWN_AT.test(path))
          .map(({ path, message }) => `${path.slice(1).replaceAll('/', ' ')} ${message}`.trim())}
        warnings={warnings.map(({ message }) => message)}
      />
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextInput
          label="Key"
          description="Names it in the API, in the lake and in logs"
          value={draft.key}
          error={errorOf('/key')}
          readOnly={!isNew}
          variant={isNew ? 'default' : 'filled'}
          required
          onChange={(event) => set({ key: event.currentTarget.value })}
        />
        <TextInput
          label="Name"
          description="For people"
          value={draft.name ?? ''}
          error={errorOf('/name')}
          onChange={(event) => set({ name: event.currentTarget.value })}
        />
        <SuggestField
          label="Endpoint"
          description="What tenants call"
          values={endpoints.map(({ key }) => key)}
          value={draft.endpoint}
          error={errorOf('/endpoint')}
          onChange={(endpoint) => set({ endpoint })}
        />
        <SuggestField
          label="Unit"
          description="What is randomised: tenant, or a context attribute"
          values={['user', 'session', 'tenant']}
          value={draft.unit}
          error={errorOf('/unit')}
          onChange={(unit) => set({ unit })}
        />
      </SimpleGrid>
      <Textarea
        label="Hypothesis"
        description="What you expect, and why: it stands beside the verdict"
        autosize
        minRows={2}
        value={draft.hypothesis ?? ''}
        error={errorOf('/hypothesis')}
        onChange={(event) => set({ hypothesis: event.currentTarget.value })}
      />
      <Divider />
      <Title order={2}>Audience</Title>
      <AudienceBuilder
        condition={draft.audience ?? {}}
        onChange={(audience) => set({ audience })}
        disabled={false}
        issues={messagesAt(issues, '/audience')}
      />
      <AudiencePreview draft={draft} enabled={may.experiment} />
      <ShareField
        label="Allocation"
        description="Share of the audience that takes part; raising it only adds units"
        basisPoints={draft.allocation ?? 10_000}
        error={errorOf('/allocation')}
        onChange={(allocation) => set({ allocation })}
      />
      <Divider />
      <Title order={2}>Variants</Title>
      <VariantFields
        variants={draft.variants}
        targets={targets}
        issues={issues}
        onChange={(variants) => set({ variants })}
      />
      <Divider />
      <Title order={2}>Metrics</Title>
      <MetricsFields
        chosen={draft.metrics}
        metrics={metrics}
        error={errorOf('/metrics')}
        onChange={(chosen) => onChange(withField(draft, 'metrics', chosen))}
      />
      <PowerPanel draft={draft} enabled={may.experiment} />
      <Divider />
      <Title order={2}>More</Title>
      <AdvancedFields draft={draft} metrics={metrics} issues={issues} onChange={onChange} />
    </Stack>
  );
}

/** Issues at these stand beside their fields. */
const SHOWN_AT = /^\/(key|name|endpoint|unit|hypothesis|audience|allocation|variants|metrics)(\/|$)/;

function General({
  issues,
  warnings,
}: {
  readonly issues: readonly string[];
  readonly warnings: readonly string[];
}) {
  return (
    <>
      {issues.length > 0 && (
        <Alert color="red" title="It cannot be saved like this" role="alert">
          <List size="sm">
            {issues.map((issue) => (
              <List.Item key={issue}>{issue}</List.Item>
            ))}
          </List>
        </Alert>
      )}
      {warnings.length > 0 && (
        <Alert color="yellow" title="Legal, but look at it">
          <List size="sm">
            {warnings.map((warning) => (
              <List.Item key={warning}>{warning}</List.Item>
            ))}
          </List>
        </Alert>
      )}
    </>
  );
}
