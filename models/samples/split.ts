import { hash } from 'node:crypto';
import { type Film, isRated, type RatedFilm } from './films.ts';

const TRAINING_SHARE = 0.6;

/** Where a film falls in [0, 1): from its title and release date alone, so it never depends on the other films. */
export function drawOf({ title, releaseDate }: Film): number {
  return Number.parseInt(hash('sha256', `${title}\n${releaseDate}`).slice(0, 13), 16) / 2 ** 52;
}

export interface Split {
  readonly training: readonly RatedFilm[];
  readonly heldOut: readonly RatedFilm[];
}

/** The rated films, about 60 % for training and the rest held out. Same films, same split, for ever. */
export function splitFilms(films: readonly Film[]): Split {
  const rated = films.filter(isRated);
  return {
    training: rated.filter((film) => drawOf(film) < TRAINING_SHARE),
    heldOut: rated.filter((film) => drawOf(film) >= TRAINING_SHARE),
  };
}
