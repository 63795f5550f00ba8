import vectors from '../vectors/statistics.json' with { type: 'json' };

/** One published example: what goes in, what must come out, how near, and who says so. */
export interface StatisticsVector<Input, Expected> {
  readonly id: string;
  readonly input: Input;
  readonly expected: Expected;
  readonly tol: number;
  readonly source: string;
}

/** The vector of that name. The caller vouches for its shape. */
export function statisticsVector<Input, Expected>(id: string): StatisticsVector<Input, Expected> {
  const found = (vectors as readonly { id: string }[]).find((vector) => vector.id === id);
  if (found === undefined) throw new Error(`no vector "${id}"`);
  return found as StatisticsVector<Input, Expected>;
}

/** How far apart two numbers are, relative to the second; absolutely where that is 0. */
export function relativeError(actual: number, expected: number): number {
  return Math.abs(actual - expected) / (expected === 0 ? 1 : Math.abs(expected));
}
