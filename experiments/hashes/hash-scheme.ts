import { z } from 'zod';
import { drawSlot } from '../bucketing.ts';
import { fnv32a } from './fnv32a.ts';
import { murmur3 } from './murmur3.ts';

/** Where a unit falls, in slots 0–9,999. The same salt and unit give the same slots for ever. */
export interface HashScheme {
  readonly variantSlot: (salt: string, unitId: string) => number;
  /**
   * The draw that allocation is measured against. Null where one draw decides both: allocation then takes that
   * share of each range of slots that a variant owns, from its beginning.
   */
  readonly allocationSlot: ((salt: string, unitId: string) => number) | null;
  /** What weights and allocation must be multiples of, in basis points: the product it is taken from knows no finer. */
  readonly weightStepBp: number;
  readonly allocationStepBp: number;
}

/** Seeds, normalizers and `groupId:id` of Unleash: github.com/Unleash/unleash-node-sdk, src/strategy/util.ts. */
const UNLEASH_STRATEGY_SEED = 0;
const UNLEASH_VARIANT_SEED = 86028157;

const SCHEMES = {
  /** Two independent draws of SHA-256: see bucketing.ts. */
  sha256: {
    variantSlot: (salt, unitId) => drawSlot(salt, 'variant', unitId),
    allocationSlot: (salt, unitId) => drawSlot(salt, 'allocation', unitId),
    weightStepBp: 1,
    allocationStepBp: 1,
  },
  /** docs.growthbook.io/lib/build-your-own#hashing, version 2: FNV-1a of FNV-1a, in ten-thousandths. */
  'growthbook-v2': {
    variantSlot: (salt, unitId) => fnv32a(String(fnv32a(salt + unitId))) % 10_000,
    allocationSlot: null,
    weightStepBp: 1,
    allocationStepBp: 1,
  },
  /** Rollout in whole percents and variants in thousandths, drawn by two seeds. */
  'murmur3-unleash': {
    variantSlot: (salt, unitId) => (murmur3(`${salt}:${unitId}`, UNLEASH_VARIANT_SEED) % 1_000) * 10,
    allocationSlot: (salt, unitId) => (murmur3(`${salt}:${unitId}`, UNLEASH_STRATEGY_SEED) % 100) * 100,
    weightStepBp: 10,
    allocationStepBp: 100,
  },
  /** flagd.dev/reference/custom-operations/fractional-operation: the 32 bits scaled to the whole, salt and id joined. */
  'murmur3-flagd': {
    variantSlot: (salt, unitId) => Math.floor((murmur3(salt + unitId, 0) * 10_000) / 2 ** 32),
    allocationSlot: null,
    weightStepBp: 1,
    allocationStepBp: 1,
  },
} as const satisfies Record<string, HashScheme>;

export type HashName = keyof typeof SCHEMES;
const HASH_NAMES = Object.keys(SCHEMES) as HashName[];

/** GrowthBook's first hash is refused: neighbouring experiments draw alike under it. */
export const hashSchema = z.enum(HASH_NAMES, {
  error: ({ input }) =>
    input === 'growthbook-v1'
      ? 'GrowthBook version 1 correlates the draws of experiments with similar keys and is not offered: use growthbook-v2, or sha256 for a new experiment'
      : `must be one of ${HASH_NAMES.join(', ')}`,
});

export function hashScheme(name: HashName): HashScheme {
  return SCHEMES[name];
}
