import { Alert, Button, Group, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '../../api/client.ts';
import { useMay } from '../../api/identity.ts';
import type { StoredExperiment } from '../../api/types.ts';
import { FailureAlert } from '../../parts/failure-alert.tsx';
import { changesBetween } from './changes-between.ts';
import { type PlannedChange, statusOf } from './status.ts';

/** Changes that wait for their time, or for somebody to approve them. */
export function PlannedChanges({ experiment }: { readonly experiment: StoredExperiment }) {
  return statusOf(experiment).plannedChanges.map((change) => (
    <Planned key={change.id} experiment={experiment} change={change} />
  ));
}

interface PlannedProps {
  readonly experiment: StoredExperiment;
  readonly change: PlannedChange;
}

function Planned({ experiment, change }: PlannedProps) {
  const { id, at, by, fields, decision, approvals, failed } = change;
  const may = useMay();
  const queries = useQueryClient();
  const params = { path: { key: experiment.key, id } };
  const approve = useMutation({
    mutationFn: () => unwrap(api.POST('/admin/v1/experiments/{key}/changes/{id}/approve', { params })),
    onSettled: () => queries.invalidateQueries(),
  });
  const remove = useMutation({
    mutationFn: () => unwrap(api.DELETE('/admin/v1/experiments/{key}/changes/{id}', { params })),
    onSettled: () => queries.invalidateQueries(),
  });
  const when = at === null ? 'as soon as it is approved' : `on ${new Date(at).toLocaleString()}`;
  return (
    <Alert color={failed === undefined ? 'blue' : 'red'} title={`Planned by ${by}, ${when}`}>
      {decision !== undefined && (
        <Text size="sm">
          {decision.decision} {decision.variant}
          {decision.reason === undefined ? '' : `: ${decision.reason}`}
        </Text>
      )}
      {changesBetween(experiment, { ...experiment, ...fields }).map((line) => (
        <Text key={line} size="sm" className="wrap">
          {line}
        </Text>
      ))}
      {failed !== undefined && <Text size="sm">It could not be made: {failed}</Text>}
      {approvals.length > 0 && (
        <Text size="sm">Approved by {approvals.map((approval) => approval.by).join(', ')}</Text>
      )}
      <Group gap="xs" mt="xs">
        {may.review && (
          <Button variant="default" size="compact-sm" onClick={() => approve.mutate()}>
            Approve this change
          </Button>
        )}
        {may.experiment && (
          <Button variant="default" size="compact-sm" onClick={() => remove.mutate()}>
            Remove it
          </Button>
        )}
      </Group>
      <FailureAlert of={approve} />
      <FailureAlert of={remove} />
    </Alert>
  );
}
