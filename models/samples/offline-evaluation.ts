import type { RatedFilm } from './films.ts';

/** How far down a list a visitor looks. */
const SHOWN_FILMS = 3;

/** What one ranked list was worth to its visitor, from the films' real ratings. */
export interface RankingOutcome {
  /** Audience rating of the film ranked first. */
  readonly topRating: number;
  /** Whether a film with the list's best rating stands among the first three. */
  readonly bestInTopThree: boolean;
}

export interface OfflineFigures {
  readonly lists: number;
  readonly meanTopRating: number;
  readonly shareBestInTopThree: number;
}

/** Judges one list by the scores a model gave it, highest first; equal scores keep the list's order. */
export function rankingOutcome(films: readonly RatedFilm[], scores: readonly number[]): RankingOutcome {
  if (films.length === 0 || films.length !== scores.length) {
    throw new RangeError(`${films.length} films came with ${scores.length} scores: give one score per film`);
  }
  const ranked = films
    .map((film, index) => ({ rating: film.rating, score: scores[index] ?? Number.NEGATIVE_INFINITY }))
    .sort((a, b) => b.score - a.score);
  const best = Math.max(...films.map(({ rating }) => rating));
  return {
    topRating: ranked[0]?.rating ?? Number.NaN,
    bestInTopThree: ranked.slice(0, SHOWN_FILMS).some(({ rating }) => rating === best),
  };
}

/** The experiment's metrics as one model alone would have them on these lists. */
export function offlineEvaluation<F extends RatedFilm>(
  lists: readonly (readonly F[])[],
  score: (film: F) => number,
): OfflineFigures {
  const outcomes = lists.map((films) =>
    rankingOutcome(
      films,
      films.map((film) => score(film)),
    ),
  );
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  return {
    lists: lists.length,
    meanTopRating: mean(outcomes.map(({ topRating }) => topRating)),
    shareBestInTopThree: mean(outcomes.map(({ bestInTopThree }) => (bestInTopThree ? 1 : 0))),
  };
}
