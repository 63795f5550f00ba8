import { type JointMoments, jointMoments } from '../../experiments/analysis/joint-moments.ts';

/** Joint moments of rows, one per unit. */
export function jointMomentsOf<Vector extends readonly number[]>(
  rows: readonly Vector[],
): JointMoments<Vector> {
  const [first] = rows;
  if (first === undefined) throw new Error('no rows');
  const sum = (of: (row: Vector) => number) => rows.reduce((total, row) => total + of(row), 0);
  const places = first.map((_, index) => index);
  return jointMoments({
    n: rows.length,
    sums: places.map((i) => sum((row) => row[i] ?? Number.NaN)) as readonly number[] as Vector,
    products: places.map((i) =>
      places.map((j) => sum((row) => (row[i] ?? Number.NaN) * (row[j] ?? Number.NaN))),
    ),
  });
}
