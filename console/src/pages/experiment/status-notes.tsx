import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '../../api/client.ts';
import { useMay } from '../../api/identity.ts';
import { useHalts } from '../../api/queries.ts';
import type { StoredExperiment, StoredHalt } from '../../api/types.ts';
import { FailureAlert } from '../../parts/failure-alert.tsx';
import { ago } from '../../parts/format.ts';
import { PlannedChanges } from './planned-changes.tsx';
import { statusOf } from './status.ts';

/** What has become of the experiment and is not in its state: halts, review, planned changes, the decision. */
export function StatusNotes({ experiment }: { readonly experiment: StoredExperiment }) {
  const halts = (useHalts().data ?? []).filter((halt) => halt.experiment === experiment.key);
  const { approvals, decision, rampStep } = statusOf(experiment);
  const step = rampStep === undefined ? undefined : experiment.ramp?.steps[rampStep.index];
  return (
    <Stack gap="xs">
      {halts.map((halt) => (
        <HaltNote key={halt.key} halt={halt} />
      ))}
      {experiment.state === 'in-review' && (
        <Alert color="blue" title="In review">
          {approvals.length === 0
            ? 'Nobody has approved it yet.'
            : approvals.map(({ by, at }) => `${by} approved it ${ago(at, Date.now())}`).join('; ')}
        </Alert>
      )}
      {decision !== undefined && (
        <Alert color="blue" title={decisionText(decision)}>
          {decision.by}, {new Date(decision.at).toLocaleString()}
          {decision.reason === undefined ? '' : `: ${decision.reason}`}
        </Alert>
      )}
      {experiment.state === 'running' && rampStep !== undefined && step !== undefined && (
        <Text size="sm" c="dimmed">
          Step {rampStep.index + 1} of {experiment.ramp?.steps.length} of its ramp since{' '}
          {ago(rampStep.since, Date.now())}; held for {step.dwellMinutes} minutes, and left only while no
          guardrail is breached.
        </Text>
      )}
      <PlannedChanges experiment={experiment} />
    </Stack>
  );
}

function decisionText({ kind, variant }: { readonly kind: string; readonly variant?: string }): string {
  if (kind === 'ship') return `Decided: ship ${variant ?? ''}`;
  return kind === 'roll-back' ? 'Decided: roll back' : 'Decided: inconclusive';
}

const NOTICED = { person: 'a person', gateway: 'a gateway', lake: 'the analysis of the lake' } as const;

/** A variant that takes nobody until its halt is lifted. */
function HaltNote({ halt }: { readonly halt: StoredHalt }) {
  const may = useMay();
  const queries = useQueryClient();
  const lift = useMutation({
    mutationFn: () =>
      unwrap(
        api.DELETE('/admin/v1/halts/{key}', {
          params: { path: { key: halt.key }, header: { 'If-Match': `"${halt.revision}"` } },
        }),
      ),
    onSettled: () => queries.invalidateQueries(),
  });
  return (
    <Alert color="red" title={`${halt.variant} is halted: it takes nobody`} role="alert">
      <Group justify="space-between" align="flex-start">
        <Text size="sm">
          {halt.reason} (noticed by {NOTICED[halt.source ?? 'person']}
          {halt.guardrail === undefined ? '' : `, guardrail ${halt.guardrail}`})
        </Text>
        {may.experiment && (
          <Button variant="default" size="compact-sm" loading={lift.isPending} onClick={() => lift.mutate()}>
            Lift the halt
          </Button>
        )}
      </Group>
      <FailureAlert of={lift} />
    </Alert>
  );
}
