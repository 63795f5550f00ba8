import { breaksOf, type Posterior } from './posterior.ts';
import { quadraturePoints } from './quadrature.ts';

/** Posterior of (variant − control), of two independent posteriors, by quadrature over the control's. */
export function posteriorDifference(control: Posterior, variant: Posterior): Posterior {
  const weighed = quadraturePoints(breaksOf([control])).map(({ x, weight }) => ({
    x,
    mass: weight * control.pdf(x),
  }));
  const shifted = (f: (x: number) => number, by: number) =>
    weighed.reduce((sum, { x, mass }) => (mass === 0 ? sum : sum + mass * f(x + by)), 0);
  return {
    mean: variant.mean - control.mean,
    standardDeviation: Math.hypot(control.standardDeviation, variant.standardDeviation),
    support: [variant.support[0] - control.support[1], variant.support[1] - control.support[0]],
    pdf: (difference) => shifted(variant.pdf, difference),
    cdf: (difference) => shifted(variant.cdf, difference),
  };
}
