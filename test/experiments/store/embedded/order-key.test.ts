import { Binary, Decimal128, Double, Int32, Long, ObjectId } from 'bson';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { orderKey } from '../../../../experiments/store/embedded/order-key.ts';

function compare(a: unknown, b: unknown): number {
  return Buffer.compare(orderKey(a) ?? Buffer.alloc(0), orderKey(b) ?? Buffer.alloc(0));
}

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

describe('orderKey', () => {
  it('orders doubles as numbers', () => {
    const double = fc.double({ noNaN: true });
    fc.assert(
      fc.property(double, double, (a, b) => {
        const order = a < b ? -1 : a > b ? 1 : 0;
        expect(compare(new Double(a), new Double(b))).toBe(order);
      }),
    );
  });

  it('orders 64-bit integers exactly, past what a double can tell apart', () => {
    fc.assert(
      fc.property(int64, fc.oneof(int64, fc.constantFrom(-1n, 0n, 1n)), (a, other) => {
        const b = BigInt.asIntN(64, other >= -1n && other <= 1n ? a + other : other);
        const order = a < b ? -1 : a > b ? 1 : 0;
        expect(compare(Long.fromBigInt(a), Long.fromBigInt(b))).toBe(order);
      }),
    );
  });

  it('orders strings by their UTF-8 bytes, with NUL inside and prefixes first', () => {
    const text = fc.string({ unit: fc.constantFrom('\0', '\u0001', 'a', 'ÿ', '￿', '😀') });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(compare(a, b)).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
  });

  it('orders keys put one after another by the first that differs', () => {
    const text = fc.string({ unit: fc.constantFrom('\0', '\u0001', 'a'), maxLength: 3 });
    const pairKey = (pair: readonly string[]) =>
      Buffer.concat(pair.map((one) => orderKey(one) ?? Buffer.alloc(0)));
    fc.assert(
      fc.property(fc.tuple(text, text), fc.tuple(text, text), (a, b) => {
        expect(Buffer.compare(pairKey(a), pairKey(b))).toBe(compare(a[0], b[0]) || compare(a[1], b[1]));
      }),
      { numRuns: 1_000 },
    );
  });

  it('gives numbers that are equal one key, whatever their type', () => {
    for (const one of [new Int32(1), new Double(1), Long.ONE]) expect(compare(one, new Int32(1))).toBe(0);
    expect(compare(new Double(-0), new Int32(0))).toBe(0);
    expect(compare(new Double(Number.NaN), new Double(Number.NaN))).toBe(0);
  });

  it('orders types as MongoDB does, with NaN below every number', () => {
    const ascending = [
      null,
      new Double(Number.NaN),
      new Double(Number.NEGATIVE_INFINITY),
      new Int32(7),
      '',
      'text',
      new Binary(Buffer.from([9])),
      new Binary(Buffer.from([0, 0])),
      new ObjectId('0'.repeat(24)),
      false,
      true,
      new Date(-1),
      new Date(0),
    ];
    expect(ascending.toReversed().sort(compare)).toEqual(ascending);
    for (const [index, value] of ascending.entries()) {
      expect(compare(value, ascending[index + 1] ?? new Date(1))).toBe(-1);
    }
  });

  it('has no key for what equals no scalar, and refuses what it cannot order', () => {
    expect(orderKey({})).toBeNull();
    expect(orderKey([])).toBeNull();
    expect(() => orderKey(Decimal128.fromString('1'))).toThrow('Decimal128 cannot be compared');
  });
});
