import { createHash } from 'node:crypto';
import { DuckDBInstance, LIST, listValue, VARCHAR } from '@duckdb/node-api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { draw, drawSlot } from '../../experiments/bucketing.ts';
import vectors from '../vectors/bucketing.json' with { type: 'json' };

/** Upper 0.1 % point of chi-square with 99 degrees of freedom (NIST/SEMATECH handbook, 1.3.6.7.4). */
const CHI_SQUARE_99_DF = 148.23;
/** Upper 0.1 % point of chi-square with 81 degrees of freedom: (10 − 1)². */
const CHI_SQUARE_81_DF = 126.083;
const anyText = fc.string({ unit: 'binary', maxLength: 300 });
const UNITS = Array.from({ length: 50_000 }, (_, index) => `user-${index}`);

describe('draw', () => {
  const own = vectors.flatMap(({ algo, input, expected }) =>
    algo === 'sha256' ? [{ text: String(Object(input).key), u: Number(Object(expected).u) }] : [],
  );

  it.each(own)('rests on a reference that agrees with the vector for $text', ({ text, u }) => {
    expect(reference(text)).toBe(u);
  });

  it('agrees with the vector that has a salt, a purpose and a unit', () => {
    expect(draw('a', 'b', 'c')).toBe(own.find(({ text }) => text === 'a.b.c')?.u);
  });

  it('agrees with the reference over salt.purpose.unitId, for any text', () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (salt, purpose, unitId) => {
        expect(draw(salt, purpose, unitId)).toBe(reference(`${salt}.${purpose}.${unitId}`));
      }),
    );
  });

  it('is uniform over sequential ids', () => {
    const bins = tally(UNITS, (unit) => Math.floor(draw('exp-1', 'variant', unit) * 100), 100);
    expect(
      chiSquare(
        bins,
        bins.map(() => UNITS.length / 100),
      ),
    ).toBeLessThan(CHI_SQUARE_99_DF);
  });

  it.each([
    ['purposes', ['exp-1', 'allocation'], ['exp-1', 'variant']],
    ['experiments with neighbouring names', ['exp-1', 'variant'], ['exp-2', 'variant']],
    ['layer and experiment', ['layer', 'exp-1'], ['exp-1', 'variant']],
  ] as const)('is independent between %s', (_, left, right) => {
    const decile = ([salt, purpose]: readonly [string, string], unit: string) =>
      Math.floor(draw(salt, purpose, unit) * 10);
    const cells = tally(UNITS, (unit) => decile(left, unit) * 10 + decile(right, unit), 100);
    expect(chiSquare(cells, expectedByMargins(cells))).toBeLessThan(CHI_SQUARE_81_DF);
  });
});

describe('drawSlot', () => {
  it('is floor(draw × 10,000), without the error of floating point', () => {
    fc.assert(
      fc.property(anyText, anyText, (salt, unitId) => {
        const bits = BigInt(draw(salt, 'variant', unitId) * 2 ** 52);
        expect(drawSlot(salt, 'variant', unitId)).toBe(Number((bits * 10_000n) >> 52n));
      }),
    );
  });

  // Found by search: the few in 100,000 whose slot hangs on the carry from the low half of the draw.
  it.each([
    ['user-4942', 1_883],
    ['user-124182', 1_377],
    ['user-150807', 9_063],
  ])('carries between the halves of the draw of %s', (unit, slot) => {
    expect(drawSlot('ranker-v2', 'variant', unit)).toBe(slot);
  });

  it('can be reproduced in one line of warehouse SQL', async () => {
    const units = ['user-1', '日本語', "o'brien", 'a.b.c', '42', 'é', '🎬'];
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    try {
      const reader = await connection.runAndReadAll(
        `SELECT (('0x' || left(sha256(concat_ws('.', salt, purpose, unit_id)), 13))::BIGINT::HUGEINT * 10000 // 4503599627370496)::INTEGER
         FROM (SELECT unnest($units) AS unit_id, 'ranker-v2' AS salt, 'variant' AS purpose)`,
        { units: listValue(units) },
        { units: LIST(VARCHAR) },
      );
      expect(reader.getRows().flat()).toEqual(units.map((unit) => drawSlot('ranker-v2', 'variant', unit)));
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  });
});

/** The published formula to the letter: int(first 13 hex digits of sha256(utf8(text))) / 2^52. */
function reference(text: string): number {
  const digest = createHash('sha256').update(Buffer.from(text, 'utf8')).digest('hex');
  return Number.parseInt(digest.slice(0, 13), 16) / 2 ** 52;
}

function tally(units: readonly string[], binOf: (unit: string) => number, size: number): number[] {
  const bins = Array.from({ length: size }, () => 0);
  for (const unit of units) bins[binOf(unit)] = (bins[binOf(unit)] ?? 0) + 1;
  return bins;
}

/** Pearson's statistic: how far counts are from what is expected of them. */
function chiSquare(observed: readonly number[], expected: readonly number[]): number {
  return observed.reduce((sum, count, bin) => {
    const mean = expected[bin] ?? 0;
    return sum + (count - mean) ** 2 / mean;
  }, 0);
}

/** What a 10 × 10 table would hold if rows and columns were independent. */
function expectedByMargins(cells: readonly number[]): number[] {
  const total = cells.reduce((sum, count) => sum + count, 0);
  const row = (at: number) => cells.slice(at * 10, at * 10 + 10).reduce((sum, count) => sum + count, 0);
  const column = (at: number) =>
    cells.filter((_, cell) => cell % 10 === at).reduce((sum, count) => sum + count, 0);
  return cells.map((_, cell) => (row(Math.floor(cell / 10)) * column(cell % 10)) / total);
}
