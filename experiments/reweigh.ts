import { type HashName, hashScheme } from './hashes/hash-scheme.ts';
import type { Issue } from './issue.ts';
import { FULL_SHARE_BP } from './key.ts';
import { joined, type SlotRange, sizeOf } from './slots.ts';
import { slotsOf, type Variant } from './variant.ts';

export interface Reweighed {
  readonly variants: readonly Variant[];
  /** The slots that changed hands. */
  readonly moved: readonly SlotRange[];
}

/**
 * Gives variants other weights while units are in them. A variant that shrinks gives up its last slots, a
 * variant that grows takes what became free; everybody else stays. So exactly the share moves by which weights
 * fell, which is the least that any re-weighting can move. Variants of both lists have the same keys in one order.
 */
export function reweigh(before: readonly Variant[], after: readonly Variant[]): Reweighed {
  const kept: SlotRange[][] = [];
  const freed: SlotRange[] = [];
  for (const [index, ranges] of slotsOf(before).entries()) {
    const [stay, go] = split(ranges, after[index]?.weight ?? 0);
    kept.push(stay);
    freed.push(...go);
  }
  const moved = joined(freed);
  let free: readonly SlotRange[] = moved;
  const owned = kept.map((ranges, index) => {
    const [taken, rest] = split(free, (after[index]?.weight ?? 0) - sizeOf(ranges));
    free = rest;
    return joined([...ranges, ...taken]);
  });
  return { variants: after.map((variant, index) => withSlots(variant, owned[index] ?? [])), moved };
}

/** Why weights cannot change while units are assigned, if they cannot. */
export function reweighIssue(experiment: {
  readonly hash: HashName;
  readonly allocation: number;
  readonly variants: readonly Variant[];
}): Issue | null {
  const { hash, allocation, variants } = experiment;
  if (hashScheme(hash).allocationSlot !== null) return null;
  const whole = allocation === FULL_SHARE_BP && sizeOf(slotsOf(variants).flat()) === FULL_SHARE_BP;
  if (whole) return null;
  const message = `under ${hash} one draw decides allocation and variant, so weights can change only while every unit is allocated: raise the allocation to ${FULL_SHARE_BP} first`;
  return { path: '/variants', code: 'not-editable', message };
}

/** The first `size` slots of the ranges, and the rest. */
function split(ranges: readonly SlotRange[], size: number): [SlotRange[], SlotRange[]] {
  const first: SlotRange[] = [];
  const rest: SlotRange[] = [];
  let left = Math.max(size, 0);
  for (const { from, to } of ranges) {
    const cut = Math.min(from + left, to);
    if (cut > from) first.push({ from, to: cut });
    if (to > cut) rest.push({ from: cut, to });
    left -= cut - from;
  }
  return [first, rest];
}

function withSlots(variant: Variant, slots: readonly SlotRange[]): Variant {
  return { ...variant, slots: slots.map(({ from, to }) => ({ from, to })) };
}
