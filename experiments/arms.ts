import type { Experiment, Variant } from './experiment.ts';
import { hashScheme } from './hashes/hash-scheme.ts';
import { FULL_SHARE_BP } from './key.ts';
import type { SlotRange } from './slots.ts';
import { slotsOf } from './variant.ts';

/** Who owns the slots from the end of the arm before it to `end`; null where nobody does. */
export interface Arm {
  readonly variant: Variant | null;
  readonly end: number;
}

interface Owned extends SlotRange {
  readonly variant: Variant;
}

/**
 * The slots of the variants' draw, in order and without holes, made ready to be looked up. Where one draw
 * decides enrolment too, allocation is in them already.
 */
export function armsOf(experiment: Pick<Experiment, 'variants' | 'hash' | 'allocation'>): readonly Arm[] {
  const { variants, hash, allocation } = experiment;
  const share = hashScheme(hash).allocationSlot === null ? allocation : FULL_SHARE_BP;
  const owned = slotsOf(variants).flatMap((ranges, index) => {
    const variant = variants[index];
    return variant === undefined ? [] : ranges.map((range): Owned => ({ variant, ...range }));
  });
  const arms: Arm[] = [];
  let end = 0;
  for (const { variant, from, to } of owned.toSorted((left, right) => left.from - right.from)) {
    const enrolledTo = from + Math.ceil(((to - from) * share) / FULL_SHARE_BP);
    if (from > end) arms.push({ variant: null, end: from });
    if (enrolledTo > from) arms.push({ variant, end: enrolledTo });
    end = enrolledTo;
  }
  return arms;
}

/** Past this many arms, halving beats walking. */
const MAX_WALKED_ARMS = 12;

/** The variant that owns a slot, if any does. */
export function variantAt(arms: readonly Arm[], slot: number): Variant | null {
  if (arms.length > MAX_WALKED_ARMS) return variantByHalving(arms, slot);
  for (const arm of arms) if (slot < arm.end) return arm.variant;
  return null;
}

function variantByHalving(arms: readonly Arm[], slot: number): Variant | null {
  let low = 0;
  let high = arms.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (slot < (arms[middle]?.end ?? 0)) high = middle;
    else low = middle + 1;
  }
  return arms[low]?.variant ?? null;
}
