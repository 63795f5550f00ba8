import { describe, expect, it } from 'vitest';
import { loadFilms } from '../../../models/samples/films.ts';
import { drawOf, splitFilms } from '../../../models/samples/split.ts';

const films = loadFilms();

describe('splitting the films', () => {
  it('puts every rated film into exactly one part', () => {
    const { training, heldOut } = splitFilms(films);
    expect(new Set([...training, ...heldOut]).size).toBe(training.length + heldOut.length);
    expect(training.length + heldOut.length).toBe(films.filter(({ rating }) => rating !== null).length);
  });

  it('trains on about 60 %', () => {
    const { training, heldOut } = splitFilms(films);
    expect(training.length / (training.length + heldOut.length)).toBeCloseTo(0.6, 1);
  });

  it('places a film by its title and date alone, whichever other films there are', () => {
    const whole = splitFilms(films).heldOut;
    const half = splitFilms(films.slice(0, 1_600)).heldOut;
    expect(whole.slice(0, half.length)).toEqual(half);
  });

  it('draws as documented: the first 13 hex digits of sha256("title\\nrelease date") over 2^52', () => {
    const film = { ...films[0], title: 'Slam', releaseDate: 'Oct 09 1998' } as (typeof films)[number];
    // printf 'Slam\nOct 09 1998' | sha256sum
    expect(drawOf(film)).toBe(0x47e1fc33f0560 / 2 ** 52);
  });
});
