import { hash } from 'node:crypto';

/** What one id takes where only its hash is kept. */
export const HASH_BYTES = 8;

const LEAST_SLOTS = 16;

/**
 * A set of up to millions of ids, kept by the first 64 bits of the SHA-256 of each, 16 to 32 bytes apiece: of a
 * million, one question in 18 trillion about an id that is not there is answered wrongly. As in JSON, 1 is not "1".
 *
 * Open addressing with linear probing: two words a slot, never more than half of them taken, 0/0 for an empty one.
 */
export class IdSet {
  #words: Uint32Array;
  #mask: number;
  #size = 0;

  /** `expected`: ids that there is room for from the beginning. */
  constructor(expected = 0) {
    const slots = Math.max(LEAST_SLOTS, 2 ** Math.ceil(Math.log2(2 * expected + 1)));
    this.#words = new Uint32Array(2 * slots);
    this.#mask = slots - 1;
  }

  get size(): number {
    return this.#size;
  }

  /** Whether it is there: a string or a number, and nothing else can be. */
  has(value: unknown): boolean {
    if (typeof value !== 'string' && typeof value !== 'number') return false;
    const digest = digestOf(value);
    return this.#words[2 * this.#slotOf(wordAt(digest, 0), wordAt(digest, 4)) + 1] !== 0;
  }

  /** False when it was there already. */
  add(value: string | number): boolean {
    const digest = digestOf(value);
    return this.#add(wordAt(digest, 0), wordAt(digest, 4));
  }

  /** Adds ids by their hashes, one after another in the bytes. */
  addHashes(hashes: Uint8Array): void {
    const view = new DataView(hashes.buffer, hashes.byteOffset, hashes.byteLength);
    for (let at = 0; at + HASH_BYTES <= hashes.byteLength; at += HASH_BYTES) {
      this.#add(view.getUint32(at), view.getUint32(at + 4));
    }
  }

  /** Whether the other set has the same ids. */
  equals(other: IdSet): boolean {
    if (this.#size !== other.#size) return false;
    for (let at = 0; at < this.#words.length; at += 2) {
      const [high = 0, low = 0] = [this.#words[at], this.#words[at + 1]];
      if (low !== 0 && other.#words[2 * other.#slotOf(high, low) + 1] === 0) return false;
    }
    return true;
  }

  #add(high: number, low: number): boolean {
    const at = 2 * this.#slotOf(high, low);
    if (this.#words[at + 1] !== 0) return false;
    this.#words[at] = high;
    this.#words[at + 1] = low;
    this.#size += 1;
    if (2 * this.#size > this.#mask) this.#grow();
    return true;
  }

  /** Where the hash is, or the empty slot where it would be. */
  #slotOf(high: number, low: number): number {
    let slot = low & this.#mask;
    for (;;) {
      const found = this.#words[2 * slot + 1];
      if (found === 0 || (found === low && this.#words[2 * slot] === high)) return slot;
      slot = (slot + 1) & this.#mask;
    }
  }

  #grow(): void {
    const words = this.#words;
    this.#words = new Uint32Array(2 * words.length);
    this.#mask = 2 * this.#mask + 1;
    this.#size = 0;
    for (let at = 0; at < words.length; at += 2) {
      const [high = 0, low = 0] = [words[at], words[at + 1]];
      if (low !== 0) this.#add(high, low);
    }
  }
}

/** The hashes of ids, one after another, as IdSet takes them. */
export function hashesOf(values: readonly (string | number)[]): Uint8Array {
  const bytes = new Uint8Array(values.length * HASH_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) {
    const digest = digestOf(value);
    view.setUint32(index * HASH_BYTES, wordAt(digest, 0));
    view.setUint32(index * HASH_BYTES + 4, wordAt(digest, 4));
  }
  return bytes;
}

/** One byte per character. */
function digestOf(value: string | number): string {
  return hash('sha256', typeof value === 'number' ? `n${value}` : `s${value}`, 'binary');
}

/** Four bytes as a number; never 0, which marks an empty slot. */
function wordAt(digest: string, at: number): number {
  const word =
    (digest.charCodeAt(at) << 24) |
    (digest.charCodeAt(at + 1) << 16) |
    (digest.charCodeAt(at + 2) << 8) |
    digest.charCodeAt(at + 3);
  return word >>> 0 || 1;
}
