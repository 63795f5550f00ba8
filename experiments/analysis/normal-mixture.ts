/**
 * The two-sided normal mixture boundary of Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform, nonparametric,
 * nonasymptotic confidence sequences" (Annals of Statistics 2021), equation 14: a sum of independent, centred,
 * 1-sub-Gaussian steps stays inside it at all times at once with probability at least 1 − alpha.
 */
export function mixtureBoundary(
  variance: number,
  { alpha, rho }: { readonly alpha: number; readonly rho: number },
): number {
  return Math.sqrt((variance + rho) * Math.log((variance + rho) / (alpha ** 2 * rho)));
}

/** The mixture's parameter that makes the boundary tightest, to first order, at `variance` (proposition 3 there). */
export function tightestRho(variance: number, alpha: number): number {
  const twice = -2 * Math.log(alpha);
  return variance / (twice + Math.log(1 + twice));
}

/** Logarithm of the mixture's martingale at the sum `sum`: where it passes log(1 / alpha), so does the boundary. */
export function logMixture(sum: number, variance: number, rho: number): number {
  return 0.5 * Math.log(rho / (variance + rho)) + sum ** 2 / (2 * (variance + rho));
}
