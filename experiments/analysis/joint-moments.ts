import type { Moments } from './moments.ts';

export type Pair = readonly [number, number];
export type Quad = readonly [number, number, number, number];

/** What independent units say about several measurements of each: an outcome and a covariate, two parts of a ratio. */
export interface JointMoments<Vector extends readonly number[] = readonly number[]> {
  /** Randomised units. */
  readonly n: number;
  readonly means: Vector;
  /** Symmetric; n − 1 in the denominator, as SQL's `covar_samp` and `var_samp` have it. */
  readonly covariances: readonly (readonly number[])[];
}

/** Sums over units: what may be added up over files and days. */
export interface JointSums<Vector extends readonly number[] = readonly number[]> {
  readonly n: number;
  readonly sums: Vector;
  /** Sums of products of every two measurements, squares on the diagonal. */
  readonly products: readonly (readonly number[])[];
}

/**
 * Moments from sums. Loses digits where a mean is many standard deviations from 0: take `covar_samp` there.
 * The covariances of fewer than two units are 0.
 */
export function jointMoments<Vector extends readonly number[]>({
  n,
  sums,
  products,
}: JointSums<Vector>): JointMoments<Vector> {
  const covariances = products.map((row, i) =>
    row.map((product, j) => (n < 2 ? 0 : (product - (at(sums, i) * at(sums, j)) / n) / (n - 1))),
  );
  return { n, means: sums.map((sum) => (n === 0 ? 0 : sum / n)) as readonly number[] as Vector, covariances };
}

/** Sample covariance of two linear forms of the measurements, given by their coefficients. */
export function formCovariance(
  joint: JointMoments,
  left: readonly number[],
  right: readonly number[],
): number {
  return dot(
    left,
    joint.covariances.map((row) => dot(row, right)),
  );
}

/** Moments of one of the measurements by itself. */
export function marginal({ n, means, covariances }: JointMoments, index: number): Moments {
  return { n, mean: at(means, index), variance: at(covariances[index] ?? [], index) };
}

function dot(left: readonly number[], right: readonly number[]): number {
  return left.reduce((sum, value, index) => sum + value * at(right, index), 0);
}

/** NaN past the end: vectors of unequal length must show, not pass for zeros. */
function at(values: readonly number[], index: number): number {
  return values[index] ?? Number.NaN;
}
