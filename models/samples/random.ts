/**
 * Uniform draws in [0, 1) from a 32-bit seed: Mulberry32 (T. Ettinger, public domain). Integer arithmetic only,
 * so that the same seed gives the same draws on every machine. Not for assignment and not for secrets.
 */
export function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
