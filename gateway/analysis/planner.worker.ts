import { parentPort } from 'node:worker_threads';
import { type Comparison, plannedComparison } from '../../experiments/analysis/planned-comparison.ts';

/** The planner's thread: one question after the other. It dies of one that has no answer, with the reason. */
parentPort?.on('message', (comparisons: readonly Comparison[]) => {
  parentPort?.postMessage(comparisons.map(plannedComparison));
});
