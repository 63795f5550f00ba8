import { Button, Modal, NativeSelect, Stack, Textarea } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, unwrap } from '../../api/client.ts';
import { asProblem } from '../../api/problem.ts';
import type { StoredExperiment } from '../../api/types.ts';
import { ConfirmByTyping } from '../../parts/confirm-by-typing.tsx';
import { FailureAlert } from '../../parts/failure-alert.tsx';

/** Ends the experiment with a decision: ship a variant, go back to the control, or say that nothing came out. */
export function DecideButton({ experiment }: { readonly experiment: StoredExperiment }) {
  const [opened, setOpened] = useState(false);
  const [choice, setChoice] = useState('inconclusive');
  const [reason, setReason] = useState('');
  const queries = useQueryClient();
  const decide = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST('/admin/v1/experiments/{key}/decide', {
          params: { path: { key: experiment.key }, header: { 'If-Match': `"${experiment.revision}"` } },
          body: { ...decisionOf(choice), ...(reason === '' ? {} : { reason }) },
        }),
      ),
    onSuccess: async () => {
      setOpened(false);
      await queries.invalidateQueries();
    },
  });
  const plan = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST('/admin/v1/experiments/{key}/changes', {
          params: { path: { key: experiment.key } },
          body: { decision: { ...decisionOf(choice), ...(reason === '' ? {} : { reason }) } },
        }),
      ),
    onSuccess: async () => {
      setOpened(false);
      await queries.invalidateQueries();
    },
  });
  const choices = [
    ...experiment.variants.map(({ key }) => ({ value: `ship ${key}`, label: `Ship ${key}` })),
    { value: 'roll-back', label: 'Roll back to what was there before' },
    { value: 'inconclusive', label: 'Inconclusive' },
  ];
  return (
    <>
      <Button variant="default" onClick={() => setOpened(true)}>
        Decide
      </Button>
      <Modal opened={opened} onClose={() => setOpened(false)} title={`Decide ${experiment.key}`}>
        <ConfirmByTyping word={experiment.key} action="Decide and end it" onConfirm={() => decide.mutate()}>
          <Stack>
            <NativeSelect
              label="Decision"
              description="To ship a variant makes its target the endpoint's default"
              data={choices}
              value={choice}
              onChange={(event) => setChoice(event.currentTarget.value)}
            />
            <Textarea
              label="Reason"
              description="For those who read this in a year"
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
            />
            <FailureAlert of={decide} />
            {decide.isError && asProblem(decide.error).code === 'wrong-state' && (
              <Button variant="default" loading={plan.isPending} onClick={() => plan.mutate()}>
                Plan it, for others to approve
              </Button>
            )}
            <FailureAlert of={plan} />
          </Stack>
        </ConfirmByTyping>
      </Modal>
    </>
  );
}

function decisionOf(choice: string) {
  if (choice.startsWith('ship ')) return { decision: 'ship' as const, variant: choice.slice('ship '.length) };
  return { decision: choice === 'roll-back' ? ('roll-back' as const) : ('inconclusive' as const) };
}
