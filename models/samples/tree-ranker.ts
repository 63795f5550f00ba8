import { type BoostedTrees, type BoostingOptions, boostedScore, fitBoostedTrees } from './boosted-trees.ts';
import { type CategoryTable, lookUp } from './category-table.ts';
import { CATEGORIES, type FilmFeatures, NUMBERS } from './features.ts';
import type { RatedFilm } from './films.ts';
import { outOfFoldEncoding, targetEncoding } from './target-encoding.ts';

/** Boosted trees over every feature: the encoded categories first, then the numbers, in their declared orders. */
export interface TreeRanker {
  readonly encodings: readonly CategoryTable[];
  readonly boosted: BoostedTrees;
}

/** Chosen by five-fold cross-validation on the training films alone. */
const OPTIONS: BoostingOptions = {
  trees: 300,
  depth: 4,
  learningRate: 0.03,
  minLeafRows: 20,
  rowShare: 0.6,
  seed: 2011,
};

export function fitTreeRanker(films: readonly RatedFilm[], options: BoostingOptions = OPTIONS): TreeRanker {
  const columns = [
    ...CATEGORIES.map((category) => outOfFoldEncoding(films, category)),
    ...NUMBERS.map((feature) => Float32Array.from(films, (film) => film[feature])),
  ];
  const ratings = Float64Array.from(films, ({ rating }) => rating);
  return {
    encodings: CATEGORIES.map((category) => targetEncoding(films, category)),
    boosted: fitBoostedTrees(columns, ratings, options),
  };
}

export function treeScore({ encodings, boosted }: TreeRanker, film: FilmFeatures): number {
  const row = Float32Array.of(
    ...encodings.map((table) => lookUp(table, film)),
    ...NUMBERS.map((feature) => film[feature]),
  );
  return boostedScore(boosted, (column) => row[column] ?? Number.NaN);
}
