import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { variantAt } from '../../experiments/arms.ts';
import { reweigh } from '../../experiments/reweigh.ts';
import { overlap, type SlotRange, sizeOf } from '../../experiments/slots.ts';
import type { Variant } from '../../experiments/variant.ts';
import { compiledWith, variantsOf } from '../support/experiments.ts';

/** Weights of `count` variants that sum to 10,000; zeros are welcome. */
const weightsOf = (count: number) =>
  fc
    .array(fc.integer({ min: 0, max: 10_000 }), { minLength: count - 1, maxLength: count - 1 })
    .map((cuts) => [0, ...cuts.toSorted((left, right) => left - right), 10_000])
    .map((cuts) => cuts.slice(1).map((cut, index) => cut - (cuts[index] ?? 0)));

const history = fc
  .integer({ min: 2, max: 5 })
  .chain((count) => fc.array(weightsOf(count), { minLength: 2, maxLength: 6 }));

/** The owner of each of the 10,000 slots. */
function ownersOf(variants: readonly Variant[]): string[] {
  const { arms } = compiledWith({ variants: [...variants] });
  return Array.from({ length: 10_000 }, (_, slot) => variantAt(arms, slot)?.key ?? 'nobody');
}

/** Each step of a history: variants as they were, and as re-weighting left them. */
function steps(weights: readonly (readonly number[])[]) {
  let current: readonly Variant[] = variantsOf(weights[0] ?? []);
  return weights.slice(1).map((next) => {
    const before = current;
    const wanted = before.map((variant, index) => ({ ...variant, weight: next[index] ?? 0 }));
    const result = reweigh(before, wanted);
    current = result.variants;
    return { before, after: result.variants, moved: result.moved };
  });
}

describe('re-weighting', () => {
  it('moves exactly the share by which weights fell, whatever went before', () => {
    fc.assert(
      fc.property(history, (weights) => {
        for (const { before, after, moved } of steps(weights)) {
          const lost = before.reduce(
            (sum, { weight }, index) => sum + Math.max(0, weight - (after[index]?.weight ?? 0)),
            0,
          );
          const [was, is] = [ownersOf(before), ownersOf(after)];
          const changed = was.flatMap((owner, slot) => (owner === is[slot] ? [] : [slot]));
          expect(changed).toHaveLength(lost);
          expect(changed.every((slot) => contains(moved, slot))).toBe(true);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('leaves every survivor of a dropped variant where it is', () => {
    fc.assert(
      fc.property(weightsOf(4), fc.nat(3), (weights, dropped) => {
        const before = variantsOf(weights);
        const heirs = weights.map((weight, index) => (index === dropped ? 0 : weight));
        const heir = (dropped + 1) % 4;
        heirs[heir] = (heirs[heir] ?? 0) + (weights[dropped] ?? 0);
        const { variants } = reweigh(
          before,
          before.map((variant, index) => ({ ...variant, weight: heirs[index] ?? 0 })),
        );
        const [was, is] = [ownersOf(before), ownersOf(variants)];
        for (const [slot, owner] of was.entries()) {
          expect(is[slot]).toBe(owner === `v${dropped}` ? `v${heir}` : owner);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('gives every variant as many slots as its weight, and no slot to two', () => {
    fc.assert(
      fc.property(history, (weights) => {
        for (const { after } of steps(weights)) {
          expect(after.map(({ slots = [] }) => sizeOf(slots))).toEqual(after.map(({ weight }) => weight));
          expect(overlap(after.flatMap(({ slots = [] }) => slots))).toBe(false);
        }
      }),
      { numRuns: 60 },
    );
  });
});

function contains(ranges: readonly SlotRange[], slot: number): boolean {
  return ranges.some(({ from, to }) => from <= slot && slot < to);
}
