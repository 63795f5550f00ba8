import { type CompiledHoldout, compileHoldout } from '../../experiments/holdout.ts';
import type { RegisteredHoldout } from './snapshot.ts';

const known = new WeakMap<RegisteredHoldout, CompiledHoldout>();

/** Holdouts ready to be asked; one that has not changed is the same as before. */
export function compileHoldouts(holdouts: Iterable<RegisteredHoldout>): CompiledHoldout[] {
  return [...holdouts].map((holdout) => {
    const before = known.get(holdout);
    if (before !== undefined) return before;
    const compiled = compileHoldout(holdout.value, holdout.revision);
    known.set(holdout, compiled);
    return compiled;
  });
}
