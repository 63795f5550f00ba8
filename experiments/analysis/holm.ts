/**
 * Holm's step-down adjusted p-values (1979), in the order given: rejecting those at or below alpha keeps the chance
 * of any false rejection among all of them at alpha, whatever their dependence. Always-valid p-values stay so.
 */
export function holm(ps: readonly number[]): number[] {
  const adjusted = ps.map(() => 1);
  let running = 0;
  for (const [rank, { p, index }] of ascending(ps).entries()) {
    running = Math.max(running, Math.min(1, (ps.length - rank) * p));
    adjusted[index] = running;
  }
  return adjusted;
}

/** P-values with their places, the smallest first. */
export function ascending(ps: readonly number[]): { readonly p: number; readonly index: number }[] {
  return ps.map((p, index) => ({ p, index })).toSorted((left, right) => left.p - right.p);
}
