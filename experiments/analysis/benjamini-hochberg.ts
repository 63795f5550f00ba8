import { ascending } from './holm.ts';

/**
 * Benjamini and Hochberg's step-up adjusted p-values (1995), in the order given: rejecting those at or below q keeps
 * the expected share of false ones among the rejected at q, for independent or positively dependent tests.
 */
export function benjaminiHochberg(ps: readonly number[]): number[] {
  const adjusted = ps.map(() => 1);
  let running = 1;
  for (const [place, { p, index }] of ascending(ps).toReversed().entries()) {
    running = Math.min(running, (ps.length * p) / (ps.length - place));
    adjusted[index] = running;
  }
  return adjusted;
}
