import { adaptiveArms } from '../../experiments/analysis/adaptive-moments.ts';
import type { Moments } from '../../experiments/analysis/moments.ts';
import { type StratifiedArms, stratifiedArms } from '../../experiments/analysis/stratified-moments.ts';
import type { Metric } from '../../experiments/metric.ts';

/** What one period of constant weights has of a metric, the variants in the experiment's order. */
export interface EpochArms {
  readonly epoch: number;
  /** Basis points. */
  readonly weights: readonly number[];
  readonly arms: readonly Moments[];
  /** Of a level that the arms have in common; 0 unless given. */
  readonly sharedVariance?: number;
}

/** How several periods become one sample per variant. */
export type Estimator =
  /** There is one period only. */
  | 'plain'
  /** Weights changed by plan. */
  | 'stratified'
  /** Weights followed the outcomes. */
  | 'adaptive';

export function estimatorOf(epochs: number, adaptive: boolean): Estimator {
  if (epochs < 2) return 'plain';
  return adaptive ? 'adaptive' : 'stratified';
}

/** One sample per variant over all periods; null where there is none. */
export function overEpochs(
  epochs: readonly EpochArms[],
  { metric, adaptive }: { readonly metric: Metric; readonly adaptive: boolean },
): StratifiedArms | null {
  const [only] = epochs;
  if (only === undefined) return null;
  switch (estimatorOf(epochs.length, adaptive)) {
    case 'plain':
      return { arms: only.arms, sharedVariance: only.sharedVariance ?? 0, excludedUnits: 0 };
    case 'stratified':
      return stratifiedArms(epochs);
    case 'adaptive':
      return adaptiveArms(epochs, { complete: hasEveryUnit(metric) });
  }
}

/** Whether a metric is a mean over all units, those that did nothing included. */
export function hasEveryUnit({ kind, missing }: Metric): boolean {
  return kind === 'ratio' || kind === 'quantile' ? false : kind !== 'mean' || missing === 'zero';
}
