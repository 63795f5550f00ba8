import { newStatus } from '../../experiments/experiment-status.ts';
import { holdoutAsExperiment } from '../../experiments/holdout.ts';
import type { RegisteredExperiment, Snapshot } from './snapshot.ts';

/** A holdout of a snapshot is asked for over and over, and never changes. */
const known = new WeakMap<object, RegisteredExperiment>();

/** A holdout as the experiment that its results are made of; null where there is none of that key. */
export function registeredHoldout({ holdouts }: Snapshot, key: string): RegisteredExperiment | null {
  const holdout = holdouts.get(key);
  if (holdout === undefined) return null;
  const { value, revision } = holdout;
  const made = known.get(value) ?? {
    experiment: holdoutAsExperiment(value),
    state: 'running' as const,
    status: newStatus(''),
    revision,
  };
  known.set(value, made);
  return made;
}
