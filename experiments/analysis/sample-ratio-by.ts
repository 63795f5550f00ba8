import { holm } from './holm.ts';
import { MISMATCH_P, type SampledArm, type SampleRatio, sampleRatio } from './sample-ratio.ts';
import { sequentialSampleRatio } from './sequential-sample-ratio.ts';

/** Units of one day, or of one value of a dimension. */
export interface SampledGroup {
  readonly group: string;
  readonly arms: readonly SampledArm[];
  /** The same by period of constant weights; one period unless given. */
  readonly epochs?: readonly (readonly SampledArm[])[];
}

export interface GroupedSampleRatio extends SampleRatio {
  readonly group: string;
  readonly units: number;
  /** Always-valid. */
  readonly sequentialP: number;
  /** Holm's p over all groups; `ok` goes by it. */
  readonly adjustedP: number;
}

/**
 * The sample-ratio check within each day, or within each value of a dimension, corrected for there being many: where
 * a mismatch comes from when there is one, or one that cancels out over all units. Judged by the p of one look where
 * groups are complete (`once`: a day that is over), by the always-valid one where they grow (`any-time`).
 */
export function sampleRatioBy(
  groups: readonly SampledGroup[],
  looks: 'once' | 'any-time' = 'once',
): GroupedSampleRatio[] {
  const ratios = groups.map(({ group, arms, epochs = [arms] }) => ({
    group,
    units: arms.reduce((sum, { units }) => sum + units, 0),
    ...sampleRatio(arms),
    sequentialP: sequentialSampleRatio(epochs).p,
  }));
  const adjusted = holm(ratios.map(({ p, sequentialP }) => (looks === 'once' ? p : sequentialP)));
  return ratios.map((ratio, index) => {
    const adjustedP = adjusted[index] ?? 1;
    return { ...ratio, adjustedP, ok: adjustedP >= MISMATCH_P };
  });
}
