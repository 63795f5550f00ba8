import { type CategoryTable, lookUp } from './category-table.ts';
import type { Category, FilmFeatures } from './features.ts';
import type { RatedFilm } from './films.ts';

/** Score = intercept + one effect per category. */
export interface LinearRanker {
  readonly intercept: number;
  readonly effects: readonly CategoryTable[];
}

const USED: readonly Category[] = ['genre', 'mpaa'];
/** Ridge penalty, in films: an effect seen on this many films is shrunk to half of what they say. */
const PENALTY_FILMS = 10;
const SWEEPS = 100;

/** Ridge regression of the rating on a few one-hot categories, by block coordinate descent (Hastie et al., ESL §3.4). */
export function fitLinearRanker(films: readonly RatedFilm[]): LinearRanker {
  const intercept = films.reduce((sum, { rating }) => sum + rating, 0) / films.length;
  let effects = USED.map((category): CategoryTable => ({ category, values: new Map(), otherwise: 0 }));
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    for (const [index, { category }] of effects.entries()) {
      const others = { intercept, effects: effects.filter((_, other) => other !== index) };
      const refitted = { category, values: shrunkenMeans(films, category, others), otherwise: 0 };
      effects = effects.with(index, refitted);
    }
  }
  return { intercept, effects };
}

export function linearScore(ranker: LinearRanker, film: FilmFeatures): number {
  return ranker.effects.reduce((score, table) => score + lookUp(table, film), ranker.intercept);
}

/** Per value of the category, what the other effects leave unexplained, shrunk towards zero. */
function shrunkenMeans(
  films: readonly RatedFilm[],
  category: Category,
  others: LinearRanker,
): Map<string, number> {
  return new Map(
    [...Map.groupBy(films, (film) => film[category])].map(([value, group]) => {
      const unexplained = group.reduce((sum, film) => sum + film.rating - linearScore(others, film), 0);
      return [value, unexplained / (group.length + PENALTY_FILMS)];
    }),
  );
}
