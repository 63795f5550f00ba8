import type { Film } from './films.ts';

/** Categories that a ranker may read: model inputs of type BYTES, `''` when not known. */
export const CATEGORIES = ['genre', 'mpaa', 'source', 'creativeType', 'distributor', 'director'] as const;
/** Numbers that a ranker may read: model inputs of type FP32, -1 when not known. */
export const NUMBERS = ['runningTimeMin', 'budgetUsd', 'releaseYear', 'releaseMonth'] as const;

export type Category = (typeof CATEGORIES)[number];
export type NumberFeature = (typeof NUMBERS)[number];
/** What a ranker sees of a film: nothing that becomes known after its release. */
export type FilmFeatures = Pick<Film, Category | NumberFeature>;

/** The name of a feature in the models' signature: `creativeType` is `creative_type`. */
export function inputName(feature: Category | NumberFeature): string {
  return feature.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export type InferInput =
  | { readonly name: string; readonly datatype: 'BYTES'; readonly shape: [number]; readonly data: string[] }
  | { readonly name: string; readonly datatype: 'FP32'; readonly shape: [number]; readonly data: number[] };

/** The `inputs` of an Open Inference Protocol request that has these films scored, in their order. */
export function inferInputs(films: readonly FilmFeatures[]): InferInput[] {
  const shape: [number] = [films.length];
  return [
    ...CATEGORIES.map((feature) => ({
      name: inputName(feature),
      datatype: 'BYTES' as const,
      shape,
      data: films.map((film) => film[feature]),
    })),
    ...NUMBERS.map((feature) => ({
      name: inputName(feature),
      datatype: 'FP32' as const,
      shape,
      data: films.map((film) => film[feature]),
    })),
  ];
}
