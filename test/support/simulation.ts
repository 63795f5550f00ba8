/** Three standard errors of a share seen in so many runs: what chance alone may do to it. */
export function errorBar(share: number, runs: number): number {
  return 3 * Math.sqrt((share * (1 - share)) / runs);
}

/** Share of runs in which something happened. */
export function shareOf(runs: number, happened: (run: number) => boolean): number {
  let count = 0;
  for (let run = 0; run < runs; run += 1) if (happened(run)) count += 1;
  return count / runs;
}

export function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function variance(values: readonly number[]): number {
  const mean = average(values);
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}

/** A line of figures for docs/statistics.md. */
export function report(simulation: string, figures: Readonly<Record<string, number | string>>): void {
  const text = Object.entries(figures).map(
    ([name, value]) => `${name} ${typeof value === 'number' ? Number(value.toPrecision(4)) : value}`,
  );
  console.log(`${simulation}: ${text.join(', ')}`);
}

/** Looks at so many units per arm, each a tenth more than the last. */
export function growingLooks(first: number, last: number): readonly number[] {
  const looks = [first];
  for (let at = first; at < last; ) {
    at = Math.min(last, Math.ceil(at * 1.1));
    looks.push(at);
  }
  return looks;
}
