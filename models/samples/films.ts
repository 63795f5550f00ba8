import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** A film as it is known before its release, and the audience's later judgement of it. */
export interface Film {
  readonly title: string;
  /** As published. Title and release date together name a film: no two of the data set share both. */
  readonly releaseDate: string;
  /** Categories: the empty string when not known. */
  readonly genre: string;
  readonly mpaa: string;
  readonly source: string;
  readonly creativeType: string;
  readonly distributor: string;
  readonly director: string;
  /** Numbers: UNKNOWN_NUMBER when not known. */
  readonly runningTimeMin: number;
  readonly budgetUsd: number;
  readonly releaseYear: number;
  /** 1–12. */
  readonly releaseMonth: number;
  /** IMDB audience rating, 1–10: the label, never an input. Null for the 213 films without one. */
  readonly rating: number | null;
}

/** A film with its label: the only ones that models train on and candidate lists hold. */
export type RatedFilm = Film & { readonly rating: number };

/** Stands for a missing number, since JSON has no NaN; every real value is greater. */
export const UNKNOWN_NUMBER = -1;

/** The data set was collected in 2011; a later year is a two-digit one that was expanded wrongly (2039 for 1939). */
const LAST_RELEASE_YEAR = 2011;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DATE_FORMS = [
  /^(?<month>[A-Z][a-z]{2}) (?<day>\d{1,2}) (?<year>\d{4}|\d{2})$/,
  /^(?<day>\d{1,2})-(?<month>[A-Z][a-z]{2})-(?<year>\d{4}|\d{2})$/,
];

const text = (value: unknown): string =>
  typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : '';

const positive = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : UNKNOWN_NUMBER;

/** Year and month of `Jun 12 1998` or `12-Jun-98`; UNKNOWN_NUMBER for both in any other form. */
export function releaseOf(date: string): Pick<Film, 'releaseYear' | 'releaseMonth'> {
  const groups = DATE_FORMS.map((form) => form.exec(date)?.groups).find((found) => found !== undefined);
  const month = MONTHS.indexOf(groups?.month ?? '') + 1;
  if (groups?.year === undefined || month === 0) {
    return { releaseYear: UNKNOWN_NUMBER, releaseMonth: UNKNOWN_NUMBER };
  }
  const written = Number(groups.year);
  const expanded = groups.year.length === 2 ? 2000 + written : written;
  return { releaseYear: expanded > LAST_RELEASE_YEAR ? expanded - 100 : expanded, releaseMonth: month };
}

/** A film from one row of the data set: total, whatever the row holds. Reads no column but the ones named here. */
export function filmOf(row: Readonly<Record<string, unknown>>): Film {
  const releaseDate = text(row['Release Date']);
  const rating = positive(row['IMDB Rating']);
  return {
    title: text(row['Title']),
    releaseDate,
    genre: text(row['Major Genre']),
    mpaa: text(row['MPAA Rating']),
    source: text(row['Source']),
    creativeType: text(row['Creative Type']),
    distributor: text(row['Distributor']),
    director: text(row['Director']),
    runningTimeMin: positive(row['Running Time min']),
    budgetUsd: positive(row['Production Budget']),
    ...releaseOf(releaseDate),
    rating: rating === UNKNOWN_NUMBER ? null : rating,
  };
}

/** All 3,201 films of movies.json in the npm package vega-datasets, in its order. */
export function loadFilms(): Film[] {
  const entry = createRequire(import.meta.url).resolve('vega-datasets');
  const file = path.join(path.dirname(entry), '..', 'data', 'movies.json');
  const rows = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>[];
  return rows.map(filmOf);
}

/** Films without a rating teach nothing and cannot be judged: they are left out here, and only here. */
export const isRated = (film: Film): film is RatedFilm => film.rating !== null;
