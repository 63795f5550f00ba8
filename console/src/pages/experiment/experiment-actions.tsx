import { Button, Group, Modal, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, unwrap } from '../../api/client.ts';
import { type May, useMay } from '../../api/identity.ts';
import type { ExperimentState, StoredExperiment } from '../../api/types.ts';
import { ConfirmByTyping } from '../../parts/confirm-by-typing.tsx';
import { FailureAlert } from '../../parts/failure-alert.tsx';
import { DecideButton } from './decide-button.tsx';
import { statusOf } from './status.ts';

type Action = 'submit' | 'approve' | 'withdraw' | 'start' | 'pause' | 'resume' | 'stop' | 'archive';

const ACTIONS: Readonly<Record<ExperimentState, readonly Action[]>> = {
  draft: ['submit', 'start'],
  'in-review': ['approve', 'withdraw', 'start'],
  running: ['pause', 'stop'],
  paused: ['resume', 'stop'],
  stopped: ['archive'],
  archived: [],
};

const LABELS: Readonly<Record<Action, string>> = {
  submit: 'Ask for review',
  approve: 'Approve',
  withdraw: 'Back to draft',
  start: 'Start',
  pause: 'Pause',
  resume: 'Resume',
  stop: 'Stop',
  archive: 'Archive',
};

const MAIN: readonly Action[] = ['start', 'resume'];

const allowed = (action: Action, may: May) => (action === 'approve' ? may.review : may.experiment);

/** What can be done with an experiment in its state, by whom. What cannot be undone has to be typed. */
export function ExperimentActions({ experiment }: { readonly experiment: StoredExperiment }) {
  const [confirming, setConfirming] = useState(false);
  const may = useMay();
  const queries = useQueryClient();
  const act = useMutation({
    mutationFn: (action: Action) =>
      unwrap(
        api.POST(`/admin/v1/experiments/{key}/${action}`, {
          params: { path: { key: experiment.key }, header: { 'If-Match': `"${experiment.revision}"` } },
        }),
      ),
    onSettled: () => queries.invalidateQueries(),
  });
  const decidable =
    experiment.state === 'running' ||
    experiment.state === 'paused' ||
    (experiment.state === 'stopped' && statusOf(experiment).decision === undefined);
  return (
    <Group gap="xs">
      {ACTIONS[experiment.state]
        .filter((action) => allowed(action, may))
        .map((action) => (
          <Button
            key={action}
            variant={MAIN.includes(action) ? 'filled' : 'default'}
            loading={act.isPending && act.variables === action}
            onClick={() => (action === 'stop' ? setConfirming(true) : act.mutate(action))}
          >
            {LABELS[action]}
          </Button>
        ))}
      {decidable && may.experiment && <DecideButton experiment={experiment} />}
      <FailureAlert of={act} />
      <Modal opened={confirming} onClose={() => setConfirming(false)} title={`Stop ${experiment.key}?`}>
        <ConfirmByTyping
          word={experiment.key}
          action="Stop the experiment"
          onConfirm={() => {
            act.mutate('stop');
            setConfirming(false);
          }}
        >
          <Text>
            A stopped experiment cannot be started again: every unit goes to the endpoint’s default target,
            and the results stay as they are.
          </Text>
        </ConfirmByTyping>
      </Modal>
    </Group>
  );
}
