import { Button, Group, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { api, unwrap } from '../../api/client.ts';
import { useMay } from '../../api/identity.ts';
import { FailureAlert } from '../../parts/failure-alert.tsx';
import { Page } from '../../parts/page.tsx';
import { emptyDraft, toRequest } from './editor/draft.ts';
import { ExperimentForm } from './editor/experiment-form.tsx';
import { useValidation } from './editor/use-validation.ts';

/** A new experiment, checked as it is typed; it is a draft until somebody starts it. */
export function NewExperiment() {
  const [draft, setDraft] = useState(emptyDraft);
  const may = useMay();
  const validation = useValidation(draft, { revision: null, enabled: may.experiment && draft.key !== '' });
  const [, navigate] = useLocation();
  const queries = useQueryClient();
  const create = useMutation({
    mutationFn: () => unwrap(api.POST('/admin/v1/experiments', { body: toRequest(draft) })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['experiments'] });
      navigate(`/experiments/${draft.key}/setup`);
    },
  });
  const blocked = !may.experiment || draft.key === '' || validation.issues.length > 0 || validation.checking;
  return (
    <Page title="New experiment" description="It assigns nobody until it is started">
      <ExperimentForm draft={draft} onChange={setDraft} validation={validation} isNew />
      <FailureAlert of={create} />
      {!may.experiment && <Text c="dimmed">To save one takes the role of an experimenter.</Text>}
      <Group>
        <Button onClick={() => create.mutate()} loading={create.isPending} disabled={blocked}>
          Save as a draft
        </Button>
      </Group>
    </Page>
  );
}
