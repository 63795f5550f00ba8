import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, unwrap } from '../../api/client.ts';
import { asProblem } from '../../api/problem.ts';
import type { StoredExperiment } from '../../api/types.ts';
import { changesBetween } from './changes-between.ts';
import { draftOf, toRequest } from './editor/draft.ts';
import { EXPERIMENT_FIELDS } from './editor/experiment-fields.ts';
import { ExperimentForm } from './editor/experiment-form.tsx';
import { useValidation } from './editor/use-validation.ts';

/** What the experiment is, to be changed as its state allows; what would change is told before it does. */
export function Setup({ experiment }: { readonly experiment: StoredExperiment }) {
  const stored = draftOf(experiment, EXPERIMENT_FIELDS);
  const [draft, setDraft] = useState(stored);
  const changes = changesBetween(stored, draft);
  const validation = useValidation(draft, { revision: experiment.revision, enabled: changes.length > 0 });
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: () =>
      unwrap(
        api.PUT('/admin/v1/experiments/{key}', {
          params: { path: { key: experiment.key }, header: { 'If-Match': `"${experiment.revision}"` } },
          body: toRequest(draft),
        }),
      ),
    onSuccess: () => queries.invalidateQueries(),
  });
  return (
    <Stack gap="lg">
      <ExperimentForm draft={draft} onChange={setDraft} validation={validation} isNew={false} />
      {save.isError && (
        <Alert color="red" role="alert">
          {asProblem(save.error).message}
        </Alert>
      )}
      {changes.length > 0 && (
        <Alert color="blue" title="What will change">
          {changes.map((change) => (
            <Text key={change} size="sm" className="wrap">
              {change}
            </Text>
          ))}
        </Alert>
      )}
      <Group>
        <Button
          onClick={() => save.mutate()}
          loading={save.isPending}
          disabled={changes.length === 0 || validation.issues.length > 0 || validation.checking}
        >
          Save
        </Button>
        <Button variant="default" disabled={changes.length === 0} onClick={() => setDraft(stored)}>
          Discard
        </Button>
      </Group>
    </Stack>
  );
}
