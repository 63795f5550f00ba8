import type { Targets } from '../targets/targets.ts';
import type { Candidate, Passage } from './passage.ts';

/**
 * Whom to ask: the assigned target, or the first stand-in whose breaker lets a request through and that has room for
 * one. When there is no other, one whose breaker is open is asked all the same: the last target is never left out.
 * Null when nobody has room.
 */
export function nextCandidate(targets: Targets, passage: Passage): Candidate | null {
  const { candidates, rested, decisions } = passage;
  for (let next = candidates.shift(); next !== undefined; next = candidates.shift()) {
    const refused = targets.admit(next.target, { force: false });
    if (refused === null) {
      if (next.role !== null) decisions.add(next.role, next.target.key);
      return next;
    }
    const { failure } = refused;
    decisions.add(failure === 'circuit-open' ? failure : 'shed', next.target.key, failure);
    if (failure === 'circuit-open') rested.push(next);
    else passage.failure = failure;
  }
  for (let next = rested.shift(); next !== undefined; next = rested.shift()) {
    const refused = targets.admit(next.target, { force: true });
    decisions.add(refused === null ? 'last-resort' : 'shed', next.target.key);
    if (refused === null) return next;
    passage.failure = refused.failure;
  }
  return null;
}
