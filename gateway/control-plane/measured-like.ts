import type { Experiment } from '../../experiments/experiment.ts';
import type { SnapshotSource } from '../snapshot/snapshot-source.ts';

/** The other experiments at the same endpoint on the same unit: their units are its units. */
export function measuredLike(
  { key, endpoint, unit }: Experiment,
  source: Pick<SnapshotSource, 'current'>,
): Experiment[] {
  return [...(source.current?.snapshot.experiments.values() ?? [])]
    .map(({ experiment }) => experiment)
    .filter((other) => other.key !== key && other.endpoint === endpoint && other.unit === unit);
}
