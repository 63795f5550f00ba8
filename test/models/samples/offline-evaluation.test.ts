import { describe, expect, it } from 'vitest';
import { loadFilms, type RatedFilm } from '../../../models/samples/films.ts';
import { offlineEvaluation, rankingOutcome } from '../../../models/samples/offline-evaluation.ts';
import { splitFilms } from '../../../models/samples/split.ts';
import { visitsOf } from '../../../models/samples/visitors.ts';

const { training, heldOut } = splitFilms(loadFilms());
const rated = (...ratings: number[]): RatedFilm[] =>
  ratings.map((rating, index) => ({ ...(heldOut[index] as RatedFilm), rating }));

describe('judging a ranked list', () => {
  it('takes the rating of the film with the highest score', () => {
    expect(rankingOutcome(rated(5, 9, 7), [0.1, 0.2, 0.3]).topRating).toBe(7);
  });

  it('counts the best film among the first three, and not below them', () => {
    expect(rankingOutcome(rated(9, 1, 2, 3), [0.2, 0.4, 0.3, 0.1]).bestInTopThree).toBe(true);
    expect(rankingOutcome(rated(9, 1, 2, 3), [0.1, 0.4, 0.3, 0.2]).bestInTopThree).toBe(false);
  });

  it('counts any of several equally good films', () => {
    expect(rankingOutcome(rated(9, 1, 2, 3, 9), [0, 4, 3, 2, 5]).bestInTopThree).toBe(true);
  });

  it('keeps the order of the list between equal scores', () => {
    expect(rankingOutcome(rated(4, 8), [1, 1]).topRating).toBe(4);
  });

  it('refuses scores that do not belong to the list', () => {
    expect(() => rankingOutcome(rated(4, 8), [1])).toThrow('2 films came with 1 scores');
    expect(() => rankingOutcome([], [])).toThrow(RangeError);
  });
});

describe('offline evaluation', () => {
  const options = { visitors: 50, visits: 200, candidates: 20, seed: 7 };
  const lists = visitsOf(heldOut, options).map(({ candidates }) => candidates);

  it('gives a ranker that knows the ratings the best figures there are', () => {
    const oracle = offlineEvaluation(lists, ({ rating }) => rating);
    expect(oracle.shareBestInTopThree).toBe(1);
    expect(oracle.lists).toBe(200);
    const blind = offlineEvaluation(lists, () => 0);
    expect(blind.meanTopRating).toBeLessThan(oracle.meanTopRating);
  });

  it('is done on visits that a seed repeats and another seed does not', () => {
    expect(visitsOf(heldOut, options)).toEqual(visitsOf(heldOut, options));
    expect(visitsOf(heldOut, { ...options, seed: 8 })).not.toEqual(visitsOf(heldOut, options));
  });

  it('offers distinct films of the held-out part only', () => {
    const trainedOn = new Set(training);
    for (const films of lists) {
      expect(new Set(films).size).toBe(20);
      expect(films.some((film) => trainedOn.has(film))).toBe(false);
    }
  });

  it('brings every visitor back in turn', () => {
    const visits = visitsOf(heldOut, options);
    expect(new Set(visits.map(({ visitor }) => visitor)).size).toBe(50);
    expect(visits[0]?.visitor).toBe(visits[50]?.visitor);
  });
});
