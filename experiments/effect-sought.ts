import type { Experiment } from './experiment.ts';

/** An effect as most experiments look for. */
const USUAL_EFFECT = 0.05;

/** The relative effect on its primary metric that an experiment is to see: the one that it declares to matter. */
export function effectSought({ metrics }: Pick<Experiment, 'metrics'>): number {
  return metrics?.effect ?? USUAL_EFFECT;
}
