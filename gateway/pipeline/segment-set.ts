const NUMBERED = /^(.+)-(\d{6,})$/;

/**
 * Writes the ids of segments as JSON, each writer's numbers as ranges: `{"<writer>":"1-50,52"}`. A day of one
 * writer fits in a line. An id without a number stands for itself, with an empty text.
 */
export function encodeSegments(ids: Iterable<string>): string {
  const numbers = new Map<string, number[]>();
  for (const id of ids) {
    const [, writer = id, digits] = NUMBERED.exec(id) ?? [];
    const known = numbers.get(writer) ?? [];
    numbers.set(writer, known);
    if (digits !== undefined) known.push(Number(digits));
  }
  return JSON.stringify(Object.fromEntries([...numbers].map(([writer, each]) => [writer, ranges(each)])));
}

/** Reads back what `encodeSegments` wrote. */
export function decodeSegments(text: string): Set<string> {
  const ids = new Set<string>();
  for (const [writer, written] of Object.entries<string>(JSON.parse(text))) {
    if (written === '') ids.add(writer);
    for (const range of written === '' ? [] : written.split(',')) {
      const [first = 0, last = first] = range.split('-').map(Number);
      for (let number = first; number <= last; number += 1)
        ids.add(`${writer}-${String(number).padStart(6, '0')}`);
    }
  }
  return ids;
}

function ranges(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run !== undefined && number <= run[1] + 1) run[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}
