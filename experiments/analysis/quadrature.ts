/** Nodes and weights of Gauss–Legendre quadrature on [−1, 1], by Newton's method from Tricomi's starting points. */
function gaussLegendre(count: number): readonly { readonly node: number; readonly weight: number }[] {
  return Array.from({ length: count }, (_, index) => {
    let node = Math.cos((Math.PI * (index + 0.75)) / (count + 0.5));
    let slope = 1;
    // Quadratic convergence: six steps are past the last digit.
    for (let step = 0; step < 6; step += 1) {
      let [before, value] = [1, node];
      for (let degree = 2; degree <= count; degree += 1)
        [before, value] = [value, ((2 * degree - 1) * node * value - (degree - 1) * before) / degree];
      slope = (count * (node * value - before)) / (node ** 2 - 1);
      node -= value / slope;
    }
    return { node, weight: 2 / ((1 - node ** 2) * slope ** 2) };
  });
}

const RULE = gaussLegendre(16);

export interface QuadraturePoint {
  readonly x: number;
  readonly weight: number;
}

/**
 * Where and how much to weigh a function to integrate it from the first break to the last: 16-point Gauss–Legendre
 * between every two breaks (in ascending order), exact for polynomials of degree 31 in each. A function must be
 * smooth between breaks: put them where it bends, and close together where it is steep.
 */
export function quadraturePoints(breaks: readonly number[]): QuadraturePoint[] {
  return breaks.slice(1).flatMap((high, index) => {
    const low = breaks[index] ?? high;
    const half = (high - low) / 2;
    return half === 0
      ? []
      : RULE.map(({ node, weight }) => ({ x: low + half * (1 + node), weight: half * weight }));
  });
}

/** Integral of `f` over the points. */
export function integrate(points: readonly QuadraturePoint[], f: (x: number) => number): number {
  return points.reduce((sum, { x, weight }) => sum + weight * f(x), 0);
}
