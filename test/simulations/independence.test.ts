import gammainc from '@stdlib/math-base-special-gammainc';
import { describe, expect, it } from 'vitest';
import { drawSlot, LAYER_SALT } from '../../experiments/bucketing.ts';
import { fnv32a } from '../../experiments/hashes/fnv32a.ts';
import { type HashName, hashScheme } from '../../experiments/hashes/hash-scheme.ts';
import { compileHoldout, holdoutSchema } from '../../experiments/holdout.ts';
import { report } from '../support/simulation.ts';

const UNITS = 50_000;
const PARTS = 4;
/** Draws are fixed for ever, so a run does not fail by chance: what was found once is always found. */
const LEAST_P = 0.001;

type Draw = (unitId: string) => number;

/** Keys as teams choose them: counted up, one letter apart, one the beginning of the other. */
const KEYS = [
  'exp-1',
  'exp-2',
  'exp-3',
  'exp-10',
  'exp-11',
  'ranker-v1',
  'ranker-v2',
  'ranker-v2-again',
  'a',
  'b',
];

const SEQUENCES: Readonly<Record<string, (index: number) => string>> = {
  'user-0, user-1, …': (index) => `user-${index}`,
  '1000000, 1000001, …': (index) => String(1_000_000 + index),
  'a digest counted up': (index) => `9f86d081-884c-4d65-9a2f-${index.toString(16).padStart(12, '0')}`,
};

/** The part of the slots that each unit falls into. */
function partsOf(draw: Draw, idOf: (index: number) => string): Uint8Array {
  return Uint8Array.from({ length: UNITS }, (_, index) => Math.floor((draw(idOf(index)) * PARTS) / 10_000));
}

/** Pearson's test that every part has its share. */
function uniformP(parts: Uint8Array): number {
  const counts = new Array<number>(PARTS).fill(0);
  for (const part of parts) counts[part] = (counts[part] ?? 0) + 1;
  const expected = UNITS / PARTS;
  return chiSquareP(
    counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0),
    PARTS - 1,
  );
}

/** Pearson's test that two draws have nothing to do with each other, over the table of both. */
function independentP(left: Uint8Array, right: Uint8Array): number {
  const counts = new Array<number>(PARTS * PARTS).fill(0);
  for (const [index, part] of left.entries()) {
    const cell = part * PARTS + (right[index] ?? 0);
    counts[cell] = (counts[cell] ?? 0) + 1;
  }
  const sum = (cells: readonly number[]) => cells.reduce((total, count) => total + count, 0);
  const rows = Array.from({ length: PARTS }, (_, row) => sum(counts.slice(row * PARTS, (row + 1) * PARTS)));
  const columns = rows.map((_, column) => sum(rows.map((__, row) => counts[row * PARTS + column] ?? 0)));
  const chi2 = counts.reduce((total, count, cell) => {
    const expected = ((rows[Math.floor(cell / PARTS)] ?? 0) * (columns[cell % PARTS] ?? 0)) / UNITS;
    return total + (count - expected) ** 2 / expected;
  }, 0);
  return chiSquareP(chi2, (PARTS - 1) ** 2);
}

const chiSquareP = (chi2: number, df: number) => gammainc(chi2 / 2, df / 2, true, true);

/** The least of several probabilities, as one that stands for all of them (Bonferroni). */
const leastOf = (probabilities: readonly number[]) =>
  Math.min(1, Math.min(...probabilities) * probabilities.length);

function pairs<T>(items: readonly T[]): [T, T][] {
  return items.flatMap((later, index) => items.slice(0, index).map((earlier): [T, T] => [earlier, later]));
}

describe.each(Object.entries(SEQUENCES))('over units %s', (_, idOf) => {
  it.each<HashName>(['sha256', 'growthbook-v2', 'murmur3-unleash', 'murmur3-flagd'])(
    'experiments with neighbouring keys draw uniformly, and independently of each other: %s',
    (hash) => {
      const { variantSlot } = hashScheme(hash);
      const draws = KEYS.map((key) => partsOf((unitId) => variantSlot(key, unitId), idOf));
      const uniform = leastOf(draws.map(uniformP));
      const independent = leastOf(pairs(draws).map(([left, right]) => independentP(left, right)));
      report(`independence, ${hash}, ${idOf(0)} …`, { uniform, independent });
      expect(uniform).toBeGreaterThan(LEAST_P);
      expect(independent).toBeGreaterThan(LEAST_P);
    },
  );

  it('layer, holdout, allocation, variant and a raised bucket version are draws of their own', () => {
    const { variantSlot, allocationSlot } = hashScheme('sha256');
    if (allocationSlot === null) throw new Error('sha256 draws allocation by itself');
    const key = 'ranker-v2';
    const holdout = compileHoldout(holdoutSchema.parse({ key, unit: 'user', share: 2_500 }), 1);
    const draws: Draw[] = [
      (unitId) => variantSlot(key, unitId),
      (unitId) => allocationSlot(key, unitId),
      (unitId) => variantSlot(`${key}@2`, unitId),
      (unitId) => drawSlot(LAYER_SALT, key, unitId),
      (user) => (holdout.membershipOf({ user })?.variant === 'held-out' ? 0 : drawSlot('others', key, user)),
    ];
    const parts = draws.map((draw) => partsOf(draw, idOf));
    const independent = leastOf(pairs(parts).map(([left, right]) => independentP(left, right)));
    report(`independence of purposes, ${idOf(0)} …`, { independent });
    expect(independent).toBeGreaterThan(LEAST_P);
  });
});

describe('the same tests', () => {
  it('find the hash that correlates neighbouring experiments, which is therefore not offered', () => {
    // GrowthBook's first: FNV-1a of the id and the key, in thousandths.
    const first =
      (key: string): Draw =>
      (unitId) =>
        (fnv32a(unitId + key) % 1_000) * 10;
    const parts = ['exp-1', 'exp-2'].map((key) => partsOf(first(key), (index) => `user-${index}`));
    const [left, right] = parts;
    if (left === undefined || right === undefined) throw new Error('there are two');
    expect(independentP(left, right)).toBeLessThan(1e-9);
  });

  it('find a draw that leaves one unit in a hundred out of its share', () => {
    const parts = partsOf(
      (unitId) => drawSlot('a', 'variant', unitId),
      (index) => `user-${index}`,
    );
    expect(uniformP(parts.map((part, index) => (index % 100 === 0 ? 0 : part)))).toBeLessThan(LEAST_P);
  });
});
