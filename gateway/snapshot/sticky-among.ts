import type { CompiledExperiment } from '../../experiments/assignment.ts';

/** Which of these experiments, and of those that they need, keep assignments: what has to be looked up for a request. */
export function stickyAmong(
  experiments: readonly CompiledExperiment[],
  byKey: ReadonlyMap<string, CompiledExperiment>,
): readonly CompiledExperiment[] {
  const needed = new Set(experiments);
  // A set goes on to what is added while it is walked.
  for (const { experiment } of needed) {
    for (const { experiment: key } of experiment.prerequisites) {
      const prerequisite = byKey.get(key);
      if (prerequisite !== undefined) needed.add(prerequisite);
    }
  }
  return [...needed].filter(({ sticky }) => sticky !== null);
}
