const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

/**
 * MurmurHash3 x86 32-bit (Appleby, 2011, public domain) over the UTF-8 bytes of a text, as an unsigned
 * integer. Widespread JavaScript ports hash the low byte of each UTF-16 unit instead and differ from every
 * other language on non-ASCII text.
 */
export function murmur3(text: string, seed: number): number {
  const bytes = Buffer.from(text, 'utf8');
  const whole = bytes.length - (bytes.length % 4);
  let hash = seed | 0;
  for (let index = 0; index < whole; index += 4) {
    hash ^= scrambled(bytes.readInt32LE(index));
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  if (whole < bytes.length) hash ^= scrambled(bytes.readUIntLE(whole, bytes.length - whole));
  return finalized(hash ^ bytes.length);
}

function scrambled(block: number): number {
  const product = Math.imul(block, C1);
  return Math.imul((product << 15) | (product >>> 17), C2);
}

function finalized(state: number): number {
  let hash = state;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
