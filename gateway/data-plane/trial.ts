import { hash } from 'node:crypto';
import type { TargetWithTwins, VersionChoice } from '../snapshot/snapshot.ts';

/** A request's part in the trial of a version. */
export interface Trial {
  /** As `trialKey` names it. */
  readonly key: string;
  readonly version: string;
  readonly weightBp: number;
  /** Of whoever the version was drawn for: evenly spread, and independent of the draw. */
  readonly unit: string;
}

/** Null where the version was not drawn, or nothing is being tried. */
export function trialOf(place: TargetWithTwins | VersionChoice, id: string): Trial | null {
  if (!('canaryOf' in place) || place.canaryOf === null) return null;
  const { canaryOf: key, weightBp, target } = place;
  return { key, weightBp, version: target.version ?? '', unit: hash('sha256', id, 'base64url') };
}
