import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CATEGORIES, inferInputs, NUMBERS } from '../../../models/samples/features.ts';
import { filmOf, loadFilms, releaseOf, UNKNOWN_NUMBER } from '../../../models/samples/films.ts';

const films = loadFilms();
const KNOWN_AFTER_RELEASE = [
  'US Gross',
  'Worldwide Gross',
  'US DVD Sales',
  'Rotten Tomatoes Rating',
  'IMDB Votes',
];

describe('loading the films', () => {
  it('parses all 3,201 of them, each with a name of its own', () => {
    expect(films).toHaveLength(3_201);
    expect(new Set(films.map(({ title, releaseDate }) => `${title}\n${releaseDate}`)).size).toBe(3_201);
  });

  it('keeps the 213 films without a rating, and every rating within 1–10', () => {
    const ratings = films.map(({ rating }) => rating).filter((rating) => rating !== null);
    expect(ratings).toHaveLength(3_201 - 213);
    expect(ratings.every((rating) => rating >= 1 && rating <= 10)).toBe(true);
  });

  it('takes titles that are numbers for what they are: titles', () => {
    expect(films.map(({ title }) => title)).toEqual(expect.arrayContaining(['300', '1776', '1408', '9']));
    expect(films.every(({ title }) => typeof title === 'string')).toBe(true);
  });

  it('puts every film in a month and a year between 1915 and 2011', () => {
    for (const { releaseYear, releaseMonth } of films) {
      expect(releaseYear).toBeGreaterThanOrEqual(1915);
      expect(releaseYear).toBeLessThanOrEqual(2011);
      expect(releaseMonth).toBeGreaterThanOrEqual(1);
      expect(releaseMonth).toBeLessThanOrEqual(12);
    }
  });

  it('puts Gone with the Wind back in 1939, which the data set dates 2039', () => {
    expect(films.find(({ title }) => title === 'Gone with the Wind')).toMatchObject({
      releaseDate: 'Dec 15 2039',
      releaseYear: 1939,
    });
  });

  it.each([
    ['Jun 12 1998', 1998, 6],
    ['12-Jun-98', 1998, 6],
    ['7-Apr-33', 1933, 4],
    ['Sep 09 09', 2009, 9],
    ['1998', UNKNOWN_NUMBER, UNKNOWN_NUMBER],
    ['Foo 01 1998', UNKNOWN_NUMBER, UNKNOWN_NUMBER],
    ['', UNKNOWN_NUMBER, UNKNOWN_NUMBER],
  ])('reads the date "%s" as year %d, month %d', (date, releaseYear, releaseMonth) => {
    expect(releaseOf(date)).toEqual({ releaseYear, releaseMonth });
  });

  it('makes a film of any row whatsoever', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('Title', 'Release Date', 'IMDB Rating', 'Director'), fc.anything()),
        (row) => {
          const film = filmOf(row);
          for (const category of CATEGORIES) expect(typeof film[category]).toBe('string');
          for (const number of NUMBERS) expect(Number.isFinite(film[number])).toBe(true);
        },
      ),
    );
  });

  it('reads no column that becomes known only after the release, but the label', () => {
    const read = new Set<string | symbol>();
    filmOf(new Proxy({}, { get: (_, column) => void read.add(column) }));
    expect(read).toContain('Major Genre');
    expect([...read].filter((column) => KNOWN_AFTER_RELEASE.includes(String(column)))).toEqual([]);
  });
});

describe('the features of a film', () => {
  it('do not hold its rating', () => {
    const rerated = films.map((film) => ({ ...film, rating: 10 }));
    expect(inferInputs(rerated)).toEqual(inferInputs(films));
  });

  it('survive JSON: no number is missing in a way that JSON cannot say', () => {
    const inputs = inferInputs(films);
    expect(JSON.parse(JSON.stringify(inputs))).toEqual(inputs);
  });
});
