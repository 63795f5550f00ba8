import { breaksOf, type Posterior } from './posterior.ts';
import { integrate, quadraturePoints } from './quadrature.ts';

/**
 * For each arm the probability that its number is the largest of all: ∫ f_i ∏ F_j, by quadrature, no sampling; they
 * sum to 1. Posteriors are independent.
 */
export function probabilityBest(posteriors: readonly Posterior[]): number[] {
  const points = quadraturePoints(breaksOf(posteriors));
  return posteriors.map((posterior) => {
    const others = posteriors.filter((other) => other !== posterior);
    const chance = integrate(points, (x) => {
      const density = posterior.pdf(x);
      // Where next to nothing lies, the others' distributions need not be asked.
      if (density * posterior.standardDeviation < 1e-14) return 0;
      return density * others.reduce((product, { cdf }) => product * cdf(x), 1);
    });
    // The last digits of a sum may lie beyond.
    return Math.min(1, chance);
  });
}

/** For each arm what is lost on average by choosing it: E[the largest − its own], in the metric's unit. */
export function expectedLoss(posteriors: readonly Posterior[]): number[] {
  const breaks = breaksOf(posteriors);
  const [highest = 0] = breaks.slice(-1);
  const below = integrate(quadraturePoints(breaks), (x) =>
    posteriors.reduce((product, { cdf }) => product * cdf(x), 1),
  );
  const largest = highest - below;
  return posteriors.map(({ mean }) => Math.max(0, largest - mean));
}
