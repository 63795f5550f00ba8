import type { InferBody } from '../../../models/codecs/infer-body.ts';
import type { ShadowDifference } from '../../pipeline/invocation.ts';

/** The first places of a ranking, which are what people see. */
const TOP = 10;

type Comparison = Omit<ShadowDifference, 'sample'>;

interface Output {
  readonly name: string;
  readonly shape: string;
  readonly data: readonly unknown[];
}

const NOT_COMPARABLE: Comparison = { distance: null, overlap: null, difference: 'not-comparable' };
const OTHER_SHAPE: Comparison = { distance: null, overlap: null, difference: 'shape' };

/**
 * Compares two inference answers, output by output: the largest relative difference of two numbers in the same place,
 * and, of numbers that rank (two or more in an output), how many of the first ten both have. Anything else in an
 * output is equal or not. Pure.
 */
export function compareAnswers(client: InferBody, shadow: InferBody, tolerance: number): Comparison {
  const [theirs, mine] = [outputsOf(client), outputsOf(shadow)];
  if (theirs === null || mine === null) return NOT_COMPARABLE;
  if (theirs.length !== mine.length) return OTHER_SHAPE;
  let distance = 0;
  let overlap: number | null = null;
  for (const output of theirs) {
    const other = mine.find(({ name }) => name === output.name);
    if (other === undefined || other.shape !== output.shape || other.data.length !== output.data.length) {
      return OTHER_SHAPE;
    }
    distance = Math.max(distance, distanceOf(output.data, other.data));
    const shared = overlapOf(output.data, other.data);
    if (shared !== null) overlap = Math.min(overlap ?? 1, shared);
  }
  const difference = distance === 0 ? 'none' : distance <= tolerance ? 'within-tolerance' : 'values';
  return { distance, overlap, difference };
}

function outputsOf(answer: InferBody): Output[] | null {
  if (answer.jsonBytes !== null) return null;
  let parsed: unknown;
  try {
    parsed = JSON.parse(answer.bytes.toString('utf8'));
  } catch {
    return null;
  }
  const outputs = isRecord(parsed) ? parsed['outputs'] : undefined;
  if (!Array.isArray(outputs)) return null;
  const read = outputs.flatMap((output): Output[] => {
    if (!isRecord(output) || !Array.isArray(output['data'])) return [];
    const { name, shape, data } = output;
    return [{ name: String(name), shape: String(shape), data: data.flat(Number.POSITIVE_INFINITY) }];
  });
  return read.length === outputs.length ? read : null;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** 0 for equal, 1 for what has nothing in common. */
function distanceOf(a: readonly unknown[], b: readonly unknown[]): number {
  let largest = 0;
  for (const [index, value] of a.entries()) {
    const other = b[index];
    if (value === other) continue;
    if (typeof value !== 'number' || typeof other !== 'number') return 1;
    const scale = Math.max(Math.abs(value), Math.abs(other));
    largest = Math.max(largest, Math.min(1, Math.abs(value - other) / scale));
  }
  return largest;
}

/** Share of the first places, by descending value, that both have; null where nothing ranks. */
function overlapOf(a: readonly unknown[], b: readonly unknown[]): number | null {
  if (a.length < 2 || ![...a, ...b].every((value) => typeof value === 'number')) return null;
  const theirs = new Set(topOf(a as readonly number[]));
  const shared = topOf(b as readonly number[]).filter((place) => theirs.has(place));
  return shared.length / theirs.size;
}

function topOf(scores: readonly number[]): number[] {
  return scores
    .map((score, place) => [score, place] as const)
    .sort(([a, i], [b, j]) => b - a || i - j)
    .slice(0, TOP)
    .map(([, place]) => place);
}
