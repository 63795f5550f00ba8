import { describe, expect, it } from 'vitest';
import { hashSchema, hashScheme } from '../../../experiments/hashes/hash-scheme.ts';
import { murmur3 } from '../../../experiments/hashes/murmur3.ts';
import vectors from '../../vectors/bucketing.json' with { type: 'json' };

const inputs = (algo: string) =>
  vectors
    .filter((vector) => vector.algo === algo)
    .map(({ input, expected }) => ({ ...Object(input), expected: Object(expected), plain: expected }));

describe('the published vectors', () => {
  it.each(inputs('growthbook_v2'))('of GrowthBook version 2 hold for $seed and $value', (vector) => {
    const slot = hashScheme('growthbook-v2').variantSlot(vector.seed, vector.value);
    expect(slot / 10_000).toBe(vector.plain);
  });

  it.each(inputs('unleash_strategy'))("of Unleash's rollout hold for $groupId and $id", (vector) => {
    const slot = hashScheme('murmur3-unleash').allocationSlot?.(vector.groupId, vector.id) ?? -1;
    expect(slot / 100 + 1).toBe(vector.plain);
  });

  it.each(inputs('unleash_variant'))("of Unleash's variants hold for $groupId and $id", (vector) => {
    expect((murmur3(`${vector.groupId}:${vector.id}`, vector.seed) % vector.normalizer) + 1).toBe(
      vector.plain,
    );
    const slot = hashScheme('murmur3-unleash').variantSlot(vector.groupId, vector.id);
    expect(slot / 10).toBe(murmur3(`${vector.groupId}:${vector.id}`, vector.seed) % 1_000);
  });

  it.each(inputs('murmur3_x86_32_seed0_and_flagd_v2'))('of flagd hold for $key', (vector) => {
    expect(murmur3(vector.key, 0)).toBe(vector.expected.hash);
    const slot = hashScheme('murmur3-flagd').variantSlot('', vector.key);
    expect(Math.floor(slot / 100)).toBe(vector.expected.bucket);
  });

  it.each(inputs('flagd_fractional_v2'))('of flagd hold for the salt and the id of $key', (vector) => {
    const id = vector.key.slice('fractional-flag'.length);
    const slot = hashScheme('murmur3-flagd').variantSlot('fractional-flag', id);
    expect(Math.floor(slot / 100)).toBe(vector.expected.bucket);
  });
});

describe('murmur3', () => {
  // Collected by Ian Boyd, stackoverflow.com/a/31929528; text is UTF-8.
  it.each([
    ['', 0, 0],
    ['', 1, 0x514e28b7],
    ['', 0xffffffff, 0x81f16f39],
    ['aaaa', 0x9747b28c, 0x5a97808a],
    ['aaa', 0x9747b28c, 0x283e0130],
    ['aa', 0x9747b28c, 0x5d211726],
    ['a', 0x9747b28c, 0x7fa09ea6],
    ['Hello, world!', 0x9747b28c, 0x24884cba],
    ['ππππππππ', 0x9747b28c, 0xd58063c1],
    ['The quick brown fox jumps over the lazy dog', 0x9747b28c, 0x2fa826cd],
  ])('hashes the bytes of "%s" under seed %i', (text, seed, expected) => {
    expect(murmur3(text, seed)).toBe(expected);
  });
});

describe('hashSchema', () => {
  it('refuses the first hash of GrowthBook and says why', () => {
    expect(hashSchema.safeParse('growthbook-v1').error?.issues[0]?.message).toContain('correlates');
  });

  it('names the hashes there are', () => {
    const message = hashSchema.safeParse('md5').error?.issues[0]?.message;
    expect(message).toBe('must be one of sha256, growthbook-v2, murmur3-unleash, murmur3-flagd');
  });
});
