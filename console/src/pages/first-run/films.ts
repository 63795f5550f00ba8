/** What a ranker sees of a film, by the names of its inputs, and what its audience thought of it afterwards. */
export interface Film {
  readonly texts: Readonly<Record<string, string>>;
  readonly numbers: Readonly<Record<string, number>>;
  readonly rating: number;
}

/** Inputs that are numbers; the others are text. */
const NUMBERS = ['runningTimeMin', 'budgetUsd', 'releaseYear', 'releaseMonth'];

/** 240 real films that the sample model was not trained on (vega-datasets, movies), from the console's own files. */
export async function loadFilms(): Promise<Film[]> {
  const answer = await fetch(new URL('./films.tsv', import.meta.url));
  if (!answer.ok) throw new Error(`the films of the demo were answered ${answer.status}`);
  const [heading = '', ...rows] = (await answer.text()).trimEnd().split('\n');
  const columns = heading.split('\t');
  return rows.map((row) => filmOf(new Map(row.split('\t').map((cell, at) => [columns[at] ?? '', cell]))));
}

function filmOf(cells: ReadonlyMap<string, string>): Film {
  const features = [...cells].filter(([name]) => name !== 'rating');
  const isNumber = ([name]: readonly [string, string]) => NUMBERS.includes(name);
  return {
    texts: Object.fromEntries(
      features.filter((cell) => !isNumber(cell)).map(([name, cell]) => [inputName(name), cell]),
    ),
    numbers: Object.fromEntries(
      features.filter(isNumber).map(([name, cell]) => [inputName(name), Number(cell)]),
    ),
    rating: Number(cells.get('rating')),
  };
}

/** `creativeType` is `creative_type` in the model's signature. */
const inputName = (column: string) => column.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
