/** What one bench found: subjects measured in turn in one run, and how they compare. */
export interface BenchResult {
  readonly name: string;
  /** Of every median: `µs/evaluation`, `requests/s`, … */
  readonly unit: string;
  readonly rows: readonly { readonly subject: string; readonly median: number }[];
  /** `value` is how many times better than the peer, however the unit counts; `budget` is the least it should be. */
  readonly ratios: readonly { readonly label: string; readonly value: number; readonly budget: number }[];
}

/** The middle value; the mean of the two middle ones when their number is even. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) throw new RangeError('no values have no median');
  return (lower + upper) / 2;
}
