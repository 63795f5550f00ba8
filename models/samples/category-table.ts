import type { Category, FilmFeatures } from './features.ts';

/** Turns one category into a number: a model's whole knowledge of it. */
export interface CategoryTable {
  readonly category: Category;
  readonly values: ReadonlyMap<string, number>;
  /** For a category that training never saw. */
  readonly otherwise: number;
}

export function lookUp(table: CategoryTable, film: FilmFeatures): number {
  return table.values.get(film[table.category]) ?? table.otherwise;
}
