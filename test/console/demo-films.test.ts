import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CATEGORIES, NUMBERS } from '../../models/samples/features.ts';
import { loadFilms } from '../../models/samples/films.ts';
import { splitFilms } from '../../models/samples/split.ts';

const FILE = new URL('../../console/src/pages/first-run/films.tsv', import.meta.url);

it('the films of the console’s demo are real ones that the sample model was not trained on', () => {
  const columns = [...CATEGORIES, ...NUMBERS, 'rating'] as const;
  const heldOut = splitFilms(loadFilms()).heldOut.slice(0, 240);
  const rows = [columns, ...heldOut.map((film) => columns.map((column) => film[column]))];
  expect(readFileSync(FILE, 'utf8')).toBe(rows.map((row) => `${row.join('\t')}\n`).join(''));
});
