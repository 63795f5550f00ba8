import { randomFrom } from './random.ts';

/** One visit: someone comes with films to choose from and wants them in order. */
export interface Visit<F> {
  readonly visitor: string;
  readonly candidates: readonly F[];
}

/**
 * The same visits for the same options. Visitors come in turn, each time with a list of distinct films drawn
 * afresh, so whoever ranks them, the lists are alike in expectation.
 */
export function visitsOf<F>(
  films: readonly F[],
  options: {
    readonly visitors: number;
    readonly visits: number;
    readonly candidates: number;
    readonly seed: number;
  },
): Visit<F>[] {
  const random = randomFrom(options.seed);
  return Array.from({ length: options.visits }, (_, visit) => ({
    visitor: `visitor-${String((visit % options.visitors) + 1).padStart(5, '0')}`,
    candidates: sample(films, options.candidates, random),
  }));
}

/** `count` distinct items: the first steps of a Fisher–Yates shuffle. */
function sample<T>(items: readonly T[], count: number, random: () => number): T[] {
  const pool = [...items];
  for (const index of Array.from({ length: Math.min(count, pool.length) }, (_, position) => position)) {
    const other = index + Math.floor(random() * (pool.length - index));
    [pool[index], pool[other]] = [pool[other] as T, pool[index] as T];
  }
  return pool.slice(0, count);
}
