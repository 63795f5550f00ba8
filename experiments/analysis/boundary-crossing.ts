import normalCdf from '@stdlib/stats-base-dists-normal-cdf';
import { normalDensity } from './normal-posterior.ts';
import { type QuadraturePoint, quadraturePoints } from './quadrature.ts';

/** Looks at a running z statistic of independent increments: a Brownian motion over the share of information in. */
interface Look {
  /** In (0, 1], ascending over the looks. */
  readonly fraction: number;
  /** Stop where |z| reaches it; may be infinite. */
  readonly boundary: number;
}

/** Where the motion may be after a look that did not stop it, with what probability mass. */
interface State {
  readonly fraction: number;
  readonly points: readonly (QuadraturePoint & { readonly mass: number })[];
}

/** Beyond this many standard deviations nothing is left that a double could hold. */
const REACH = 8.5;

/**
 * Probability that |z| first reaches its boundary at each look, with `drift` the expected z at full information:
 * Armitage, McPherson and Rowe's recursion (1969) by Gauss–Legendre quadrature.
 */
export function crossingProbabilities(looks: readonly Look[], drift = 0): number[] {
  let state: State = START;
  return looks.map((look, index) => {
    const before = looks[index - 1];
    if (before !== undefined) state = advance(state, before, drift);
    return crossingProbability(state, look, drift);
  });
}

/** Before the first look: at 0 for certain. */
export const START: State = { fraction: 0, points: [{ x: 0, weight: 1, mass: 1 }] };

/** Probability to have come so far and cross at this look. */
export function crossingProbability(state: State, { fraction, boundary }: Look, drift = 0): number {
  const [step, limit] = [fraction - state.fraction, boundary * Math.sqrt(fraction)];
  const deviation = Math.sqrt(step);
  return state.points.reduce((sum, { x, mass }) => {
    const expected = x + drift * step;
    const outside =
      normalCdf((-limit - expected) / deviation, 0, 1) + normalCdf((expected - limit) / deviation, 0, 1);
    return sum + mass * outside;
  }, 0);
}

/** Where the motion may be after a look at which it stayed inside. */
export function advance(state: State, { fraction, boundary }: Look, drift = 0): State {
  const step = fraction - state.fraction;
  const deviation = Math.sqrt(step);
  const middle = drift * fraction;
  const [edge, reach] = [boundary * Math.sqrt(fraction), REACH * Math.sqrt(fraction)];
  const [low, high] = [Math.max(-edge, middle - reach), Math.min(edge, middle + reach)];
  const points = low < high ? quadraturePoints(evenBreaks(low, high, 5 * deviation)) : [];
  return {
    fraction,
    points: points.map(({ x, weight }) => ({
      x,
      weight,
      mass:
        (weight / deviation) *
        state.points.reduce((sum, from) => {
          const z = (x - from.x - drift * step) / deviation;
          return Math.abs(z) > REACH ? sum : sum + from.mass * normalDensity(z);
        }, 0),
    })),
  };
}

/** Sixteen points to every five standard deviations of a step follow its density to nine digits. */
function evenBreaks(low: number, high: number, widest: number): number[] {
  const pieces = Math.ceil((high - low) / widest);
  return Array.from({ length: pieces + 1 }, (_, index) => low + ((high - low) * index) / pieces);
}
