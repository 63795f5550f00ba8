import { basisPointsSchema, FULL_SHARE_BP } from './key.ts';

/** Ends of a range of slots `[from, to)`, of the 10,000 that a draw falls into. */
export const rangeFields = { from: basisPointsSchema, to: basisPointsSchema };

/** For `.refine`: a range holds at least one slot. */
export const isRising = [
  ({ from, to }: SlotRange): boolean => from < to,
  { path: ['to'], message: 'must be greater than "from": slots are [from, to)' },
] as const satisfies readonly [unknown, { path: string[]; message: string }];

export interface SlotRange {
  readonly from: number;
  readonly to: number;
}

/** How many slots the ranges hold together. */
export function sizeOf(ranges: readonly SlotRange[]): number {
  return ranges.reduce((total, { from, to }) => total + to - from, 0);
}

/** What is left of all slots when those are taken, in order. */
export function freeRanges(taken: readonly SlotRange[]): SlotRange[] {
  const free: SlotRange[] = [];
  let from = 0;
  for (const range of taken.toSorted((left, right) => left.from - right.from)) {
    if (range.from > from) free.push({ from, to: range.from });
    from = Math.max(from, range.to);
  }
  return from < FULL_SHARE_BP ? [...free, { from, to: FULL_SHARE_BP }] : free;
}

/** The smallest free range that holds `size` slots, cut to that size; undefined where none does. */
export function dealRange(taken: readonly SlotRange[], size: number): SlotRange | undefined {
  const fitting = freeRanges(taken)
    .filter(({ from, to }) => to - from >= size)
    .toSorted((left, right) => left.to - left.from - (right.to - right.from));
  const [tightest] = fitting;
  return tightest === undefined ? undefined : { from: tightest.from, to: tightest.from + size };
}

/** The same slots with ranges that touch made one, in order. */
export function joined(ranges: readonly SlotRange[]): SlotRange[] {
  const result: SlotRange[] = [];
  for (const range of ranges.toSorted((left, right) => left.from - right.from)) {
    const last = result.at(-1);
    if (last !== undefined && last.to >= range.from) {
      result[result.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
    } else if (range.to > range.from) result.push(range);
  }
  return result;
}

/** Whether two of the ranges share a slot. */
export function overlap(ranges: readonly SlotRange[]): boolean {
  const ordered = ranges.toSorted((left, right) => left.from - right.from);
  return ordered.some((range, index) => range.from < (ordered[index - 1]?.to ?? 0));
}

/** A range as messages show it. */
export function shownRange({ from, to }: SlotRange): string {
  return `[${from}, ${to})`;
}
