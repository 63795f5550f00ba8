import { hash } from 'node:crypto';

/** The salt under which every layer draws, with the layer's key as the purpose. */
export const LAYER_SALT = 'layer';

const SLOTS = 10_000;
const LOW_RANGE = 2 ** 24;
const HIGH_RANGE = 2 ** 28;

/**
 * A unit's draw, uniform in [0, 1): the first 13 hex digits (52 bits) of SHA-256 over the UTF-8 text
 * `salt.purpose.unitId`, divided by 2^52. The same arguments give the same draw for ever, everywhere.
 */
export function draw(salt: string, purpose: string, unitId: string): number {
  const digest = digestOf(salt, purpose, unitId);
  return (highBits(digest) * LOW_RANGE + lowBits(digest)) / (HIGH_RANGE * LOW_RANGE);
}

/**
 * The basis point that a unit's draw falls on, 0–9,999: floor(draw × 10,000) in exact integer arithmetic, so
 * `slot < weightBp` holds for exactly that share of draws and integer weights leave no gap and no overlap.
 * In a warehouse (DuckDB; `//` divides whole numbers):
 *
 *    ('0x' || left(sha256(concat_ws('.', salt, purpose, unit_id)), 13))::BIGINT::HUGEINT * 10000 // 4503599627370496
 */
export function drawSlot(salt: string, purpose: string, unitId: string): number {
  const digest = digestOf(salt, purpose, unitId);
  // 52 bits × 10,000 exceed the 53 that a double holds: multiply the halves and carry.
  const carry = Math.floor((lowBits(digest) * SLOTS) / LOW_RANGE);
  return Math.floor((highBits(digest) * SLOTS + carry) / HIGH_RANGE);
}

/** One byte per character: reading bits off those is a sixth of the cost of reading hex digits. */
function digestOf(salt: string, purpose: string, unitId: string): string {
  return hash('sha256', `${salt}.${purpose}.${unitId}`, 'binary');
}

/** Bits 0–27: hex digits 1–7. */
function highBits(digest: string): number {
  return (
    (digest.charCodeAt(0) << 20) |
    (digest.charCodeAt(1) << 12) |
    (digest.charCodeAt(2) << 4) |
    (digest.charCodeAt(3) >> 4)
  );
}

/** Bits 28–51: hex digits 8–13. */
function lowBits(digest: string): number {
  return (
    ((digest.charCodeAt(3) & 15) << 20) |
    (digest.charCodeAt(4) << 12) |
    (digest.charCodeAt(5) << 4) |
    (digest.charCodeAt(6) >> 4)
  );
}
