import { hash } from 'node:crypto';
import type { TargetWithTwins, VersionChoice } from '../snapshot/snapshot.ts';

/** Digits of a digest that make a number below 2^52, which a double holds exactly. */
const HEX_DIGITS = 13;
const FULL_WEIGHT_BP = 10_000;

/**
 * Which version of a target answers while its alias shares the traffic: always the same one for an id and the same
 * weights; of two versions the one that gains weight keeps the ids that it had. Pure.
 */
export function drawVersion(place: TargetWithTwins, id: string): TargetWithTwins | VersionChoice {
  if (place.ramp === null) return place;
  const digest = hash('sha256', `${place.target.key}.ramp.${id}`, 'hex');
  const slot = (Number.parseInt(digest.slice(0, HEX_DIGITS), 16) / 2 ** 52) * FULL_WEIGHT_BP;
  let end = 0;
  // By version, not by weight: the order must not change when the weights do.
  for (const choice of place.ramp.toSorted(byVersion)) {
    end += choice.weightBp;
    if (slot < end) return choice;
  }
  return place;
}

function byVersion({ target: left }: TargetWithTwins, { target: right }: TargetWithTwins): number {
  return (left.version ?? '') < (right.version ?? '') ? -1 : 1;
}
