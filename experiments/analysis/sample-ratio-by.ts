import { holm } from './holm.ts';
import { MISMATCH_P, type SampledArm, type SampleRatio, sampleRatio } from './sample-ratio.ts';

export interface GroupedSampleRatio extends SampleRatio {
  /** A day, or a value of a dimension. */
  readonly group: string;
  /** Holm's p over all groups; `ok` goes by it. */
  readonly adjustedP: number;
}

/**
 * The sample-ratio check within each day, or within each value of a dimension, corrected for there being many: where
 * a mismatch comes from when there is one, or one that cancels out over all units.
 */
export function sampleRatioBy(
  groups: readonly { readonly group: string; readonly arms: readonly SampledArm[] }[],
): GroupedSampleRatio[] {
  const ratios = groups.map(({ group, arms }) => ({ group, ...sampleRatio(arms) }));
  const adjusted = holm(ratios.map(({ p }) => p));
  return ratios.map((ratio, index) => {
    const adjustedP = adjusted[index] ?? 1;
    return { ...ratio, adjustedP, ok: adjustedP >= MISMATCH_P };
  });
}
