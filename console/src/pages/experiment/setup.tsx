import { Alert, Button, Fieldset, Group, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, unwrap } from '../../api/client.ts';
import { useMay } from '../../api/identity.ts';
import type { StoredExperiment } from '../../api/types.ts';
import { FailureAlert } from '../../parts/failure-alert.tsx';
import { changesBetween } from './changes-between.ts';
import { draftOf, toRequest } from './editor/draft.ts';
import { EXPERIMENT_FIELDS } from './editor/experiment-fields.ts';
import { ExperimentForm } from './editor/experiment-form.tsx';
import { useValidation } from './editor/use-validation.ts';

/** What the experiment is, to be changed as its state allows; what would change is told before it does. */
export function Setup({ experiment }: { readonly experiment: StoredExperiment }) {
  const stored = draftOf(experiment, EXPERIMENT_FIELDS);
  const [draft, setDraft] = useState(stored);
  const [base, setBase] = useState(stored);
  if (!same(base, stored) && (same(draft, base) || same(draft, stored))) {
    // Somebody else changed it, and nothing is being typed here: what is shown is what is there.
    setBase(stored);
    setDraft(stored);
  }
  const may = useMay();
  const changes = changesBetween(stored, draft);
  const validation = useValidation(draft, {
    revision: experiment.revision,
    enabled: may.experiment && changes.length > 0,
  });
  const queries = useQueryClient();
  const onSuccess = () => queries.invalidateQueries();
  const key = { path: { key: experiment.key }, header: { 'If-Match': `"${experiment.revision}"` } };
  const save = useMutation({
    mutationFn: () => unwrap(api.PUT('/admin/v1/experiments/{key}', { params: key, body: toRequest(draft) })),
    onSuccess,
  });
  const plan = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST('/admin/v1/experiments/{key}/changes', {
          params: key,
          body: { fields: changedFields(stored, toRequest(draft)) },
        }),
      ),
    onSuccess: async () => {
      setDraft(stored);
      await onSuccess();
    },
  });
  const live = experiment.state === 'running' || experiment.state === 'paused';
  return (
    <Stack gap="lg">
      {!may.experiment && (
        <Text c="dimmed">Your role may read this. To change it takes the role of an experimenter.</Text>
      )}
      <Fieldset disabled={!may.experiment} variant="unstyled">
        <ExperimentForm draft={draft} onChange={setDraft} validation={validation} isNew={false} />
      </Fieldset>
      <FailureAlert of={save} />
      <FailureAlert of={plan} />
      {changes.length > 0 && (
        <Alert color="blue" title="What will change">
          {changes.map((change) => (
            <Text key={change} size="sm" className="wrap">
              {change}
            </Text>
          ))}
        </Alert>
      )}
      {may.experiment && (
        <Group>
          <Button
            onClick={() => save.mutate()}
            loading={save.isPending}
            disabled={changes.length === 0 || validation.issues.length > 0 || validation.checking}
          >
            Save
          </Button>
          {live && (
            <Button
              variant="default"
              loading={plan.isPending}
              disabled={changes.length === 0}
              onClick={() => plan.mutate()}
            >
              Plan it, for others to approve
            </Button>
          )}
          <Button variant="default" disabled={changes.length === 0} onClick={() => setDraft(stored)}>
            Discard
          </Button>
        </Group>
      )}
    </Stack>
  );
}

const same = (left: unknown, right: unknown) => JSON.stringify(left) === JSON.stringify(right);

/** Of what is to be written only what differs. */
function changedFields<Thing extends object>(before: Thing, after: Thing): Record<string, unknown> {
  const now = new Map<string, unknown>(Object.entries(before));
  return Object.fromEntries(Object.entries(after).filter(([field, value]) => !same(value, now.get(field))));
}
