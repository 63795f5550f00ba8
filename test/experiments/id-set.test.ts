import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HASH_BYTES, hashesOf, IdSet } from '../../experiments/id-set.ts';

const ids = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.integer({ min: -9, max: 99 }),
  fc.constantFrom('1', 1, 0, ''),
);

describe('a set of ids', () => {
  it('holds exactly what was put into it, however it came', () => {
    fc.assert(
      fc.property(
        fc.array(ids, { maxLength: 80 }),
        fc.array(ids),
        fc.nat(80),
        (members, others, expected) => {
          const added = new IdSet(expected);
          const hashed = new IdSet();
          const first = members.filter((id) => added.add(id));
          hashed.addHashes(hashesOf(members));
          const reference = new Set<unknown>(members);
          expect(first).toEqual([...reference]);
          expect([added.size, hashed.size]).toEqual([reference.size, reference.size]);
          for (const id of [...members, ...others]) {
            expect([added.has(id), hashed.has(id)]).toEqual([reference.has(id), reference.has(id)]);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('equals one of the same ids, in whatever order and room, and no other', () => {
    const few = fc.array(ids, { maxLength: 4 });
    fc.assert(
      fc.property(few, few, fc.boolean(), fc.nat(80), (members, others, isTurned, expected) => {
        const [set, other] = [new IdSet(), new IdSet(expected)];
        set.addHashes(hashesOf(members));
        other.addHashes(hashesOf(isTurned ? members.toReversed() : others));
        const [left, right] = [new Set(members), new Set(isTurned ? members : others)];
        expect(set.equals(other)).toBe(left.symmetricDifference(right).size === 0);
      }),
      { numRuns: 200 },
    );
  });

  it('tells numbers from texts, and takes whatever else a context holds for nobody', () => {
    const set = new IdSet();
    set.add(1);
    expect([1, '1', null, undefined, true, ['1'], {}].map((value) => set.has(value))).toEqual([
      true,
      ...Array.from({ length: 6 }, () => false),
    ]);
  });

  it('goes on finding everything as it grows', () => {
    const set = new IdSet();
    const members = Array.from({ length: 20_000 }, (_, index) => `user-${index}`);
    for (const id of members) set.add(id);
    expect(set.size).toBe(20_000);
    expect(members.every((id) => set.has(id))).toBe(true);
    expect(members.some((id) => set.has(`${id}x`))).toBe(false);
    expect(hashesOf(members)).toHaveLength(20_000 * HASH_BYTES);
  });
});
