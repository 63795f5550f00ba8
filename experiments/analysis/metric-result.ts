import type { Comparison } from './comparison.ts';

/** One metric over the variants. */
export interface MetricResult {
  readonly key: string;
  readonly role: 'primary' | 'secondary' | 'guardrail';
  /** A proportion, or a share per unit, lies in [0, 1]; a mean has the unit of its outcomes. */
  readonly kind: 'proportion' | 'mean';
  /** Which way is better. */
  readonly direction: 'increase' | 'decrease';
  /** In the experiment's order: the control first. `mean` is 0 where no unit has a value. */
  readonly variants: readonly {
    readonly key: string;
    /** Units with a value. */
    readonly n: number;
    readonly mean: number;
    readonly standardDeviation: number;
  }[];
  /** Every other variant against the control. */
  readonly comparisons: readonly Comparison[];
}
