/**
 * 32-bit FNV-1a over UTF-16 code units, as GrowthBook's published SDK computes it (sdk-js, util.ts,
 * hashFnv32a): for ASCII the same as over bytes.
 */
export function fnv32a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash ^= text.charCodeAt(index);
    hash += (hash << 1) + (hash << 4) + (hash << 7) + (hash << 8) + (hash << 24);
  }
  return hash >>> 0;
}
