import type { CategoryTable } from './category-table.ts';
import { lookUp } from './category-table.ts';
import type { Category } from './features.ts';
import type { RatedFilm } from './films.ts';
import { drawOf } from './split.ts';

/** An average of fewer films than this says less than the average of all. */
const PRIOR_FILMS = 5;
const FOLDS = 5;

/** Mean rating per value of a category, drawn towards the overall mean where films are few (Micci-Barreca 2001). */
export function targetEncoding(films: readonly RatedFilm[], category: Category): CategoryTable {
  const overall = films.reduce((sum, { rating }) => sum + rating, 0) / Math.max(1, films.length);
  const values = [...Map.groupBy(films, (film) => film[category])].map(([value, group]): [string, number] => {
    const total = group.reduce((sum, { rating }) => sum + rating, overall * PRIOR_FILMS);
    return [value, Math.fround(total / (group.length + PRIOR_FILMS))];
  });
  return { category, values: new Map(values), otherwise: Math.fround(overall) };
}

/**
 * What each training film's category is worth by the *other* folds' films. A film's own rating never enters its
 * own encoding: trees trained on encodings that held it would trust them far too much.
 */
export function outOfFoldEncoding(films: readonly RatedFilm[], category: Category): Float32Array {
  const tables = Array.from({ length: FOLDS }, (_, fold) =>
    targetEncoding(
      films.filter((film) => foldOf(film) !== fold),
      category,
    ),
  );
  return Float32Array.from(films, (film) => {
    const table = tables[foldOf(film)];
    if (table === undefined) throw new RangeError(`fold ${foldOf(film)} of ${FOLDS}`);
    return lookUp(table, film);
  });
}

/** From later digits of the draw than those that decided on training, so folds are even among training films. */
const foldOf = (film: RatedFilm): number => Math.floor(drawOf(film) * 2 ** 20) % FOLDS;
