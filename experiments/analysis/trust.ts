import type { SampleRatio } from './sample-ratio.ts';
import type { GroupedSampleRatio } from './sample-ratio-by.ts';
import type { SequentialSampleRatio } from './sequential-sample-ratio.ts';

/** Everything known about how units fell to the variants. */
export interface SampleRatios {
  readonly sampleRatio: SampleRatio;
  readonly sequentialSampleRatio?: SequentialSampleRatio;
  /** By day, and by dimension. */
  readonly sampleRatioGroups?: readonly {
    readonly dimension: string;
    readonly groups: readonly GroupedSampleRatio[];
  }[];
}

/** Why the data cannot be trusted, the weightiest first; empty when they can. */
export function mismatches({
  sampleRatio,
  sequentialSampleRatio,
  sampleRatioGroups = [],
}: SampleRatios): string[] {
  const overall = [
    { ok: sampleRatio.ok, p: sampleRatio.p },
    ...(sequentialSampleRatio === undefined ? [] : [sequentialSampleRatio]),
  ].filter(({ ok }) => !ok);
  const [worst] = overall.toSorted((left, right) => left.p - right.p);
  const within = sampleRatioGroups.flatMap(({ dimension, groups }) =>
    groups
      .filter(({ ok }) => !ok)
      .map(
        ({ group, adjustedP }) =>
          `Where ${dimension} is ${group}, units did not fall to the variants as the weights say (p = ${scientific(adjustedP)}).`,
      ),
  );
  if (worst === undefined) return within;
  return [`Units did not fall to the variants as the weights say (p = ${scientific(worst.p)}).`, ...within];
}

const scientific = (p: number) => p.toExponential(1);
