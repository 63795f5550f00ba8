import normalCdf from '@stdlib/stats-base-dists-normal-cdf';
import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';

/** How much of alpha may have been spent when a share of the planned information is in; 0 at 0, alpha at 1. */
export type Spending = (informationFraction: number) => number;

/**
 * Lan and DeMets (1983): spends almost nothing early, like O'Brien and Fleming's boundaries. Alpha is two-sided, and
 * half of it is spent on each side by their one-sided function, as every table and program has it.
 */
export function obrienFlemingSpending(alpha: number): Spending {
  const z = normalQuantile(1 - alpha / 4, 0, 1);
  return (fraction) => (fraction <= 0 ? 0 : 4 * normalCdf(-z / Math.sqrt(Math.min(1, fraction)), 0, 1));
}

/** Lan and DeMets (1983): spends nearly evenly, like Pocock's constant boundaries. */
export function pocockSpending(alpha: number): Spending {
  return (fraction) => alpha * Math.log(1 + (Math.E - 1) * Math.min(1, Math.max(0, fraction)));
}
