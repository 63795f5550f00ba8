import gammainc from '@stdlib/math-base-special-gammainc';
import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';

/** A share of units. */
export interface Share {
  readonly successes: number;
  readonly n: number;
}

export interface HomogeneityTest {
  readonly chi2: number;
  readonly df: number;
  /** Of two shares only: the second over the first is positive. Null for any other number of them. */
  readonly z: number | null;
  readonly p: number;
}

/**
 * Whether k shares are the same: Pearson's chi-square, without continuity correction; of two shares it is the pooled
 * z test, squared. For one look at large samples (five of each kind in each share). No units, no evidence: p = 1.
 */
export function equalShares(shares: readonly Share[]): HomogeneityTest {
  const seen = shares.filter(({ n }) => n > 0);
  const n = seen.reduce((sum, share) => sum + share.n, 0);
  const pooled = seen.reduce((sum, { successes }) => sum + successes, 0) / n;
  const df = Math.max(0, seen.length - 1);
  if (df === 0 || pooled === 0 || pooled === 1) return { chi2: 0, df, z: df === 1 ? 0 : null, p: 1 };
  const chi2 = seen.reduce(
    (sum, share) => sum + (share.successes - share.n * pooled) ** 2 / (share.n * pooled * (1 - pooled)),
    0,
  );
  return {
    chi2,
    df,
    z: df === 1 ? signOf(seen) * Math.sqrt(chi2) : null,
    p: gammainc(chi2 / 2, df / 2, true, true),
  };
}

function signOf(shares: readonly Share[]): number {
  const [first = 0, second = 0] = shares.map(({ successes, n }) => successes / n);
  return Math.sign(second - first);
}

/**
 * Wilson's score interval of one share (1927): near its level also for few units and shares near 0 or 1. For one look.
 * [0, 1] without units.
 */
export function wilsonInterval({ successes, n }: Share, alpha: number): [number, number] {
  if (n === 0) return [0, 1];
  const z = normalQuantile(1 - alpha / 2, 0, 1);
  const share = successes / n;
  const scale = 1 + z ** 2 / n;
  const centre = (share + z ** 2 / (2 * n)) / scale;
  const halfWidth = (z / scale) * Math.sqrt((share * (1 - share)) / n + z ** 2 / (4 * n ** 2));
  return [Math.max(0, centre - halfWidth), Math.min(1, centre + halfWidth)];
}
