import { isObject } from '../../models/codecs/decode-tensor.ts';
import type { InferRequest } from '../../models/codecs/open-inference.ts';
import type { Signature, Tensor, TensorSpec } from '../../models/codecs/tensor.ts';
import { readTensorData } from '../../models/codecs/tensor-data.ts';
import type { Lookup } from '../lookups/keyed-reader.ts';
import type { FeatureSet, FeatureValue } from './feature-set.ts';
import type { FeatureRow } from './feature-store.ts';

type FeatureLookup = Lookup<Pick<FeatureRow, 'at' | 'values'>>;

/** Whether a value came as it was asked for, or why its default stands in. */
type FeatureOutcome = 'fresh' | 'stale' | 'missing' | 'unavailable';

/** Keys of a feature set, one for all rows or one per row; null where the request does not say whose. */
export function featureKeys(
  { key }: FeatureSet,
  { inputs }: Pick<InferRequest, 'inputs'>,
  context: Readonly<Record<string, unknown>>,
): readonly (string | null)[] {
  if ('input' in key) {
    const input = inputs.find(({ name }) => name === key.input);
    return input === undefined ? [] : Array.from(input.data as ArrayLike<unknown>, String);
  }
  const value = context['unit' in key ? key.unit : key.context];
  const isKey = typeof value === 'string' || typeof value === 'number';
  return [isKey ? String(value) : null];
}

export interface Joined {
  readonly inputs: readonly Tensor[];
  readonly outcomes: readonly FeatureOutcome[];
  /** Names of columns whose values the model's input cannot hold; their defaults stand in. */
  readonly unfit: readonly string[];
}

export interface JoinSource {
  readonly set: FeatureSet;
  readonly lookups: readonly FeatureLookup[];
  readonly signature: Signature;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * A request's inputs with the columns of one feature set. What the request gives itself stays; an input that only
 * serves as key, and that the model does not take, goes. Pure.
 */
export function joinFeatures(
  inputs: readonly Tensor[],
  { set, lookups, signature, now }: JoinSource,
): Joined {
  const outcomes = lookups.map((lookup) => outcomeOf(lookup, set, now));
  const rows = rowCount(inputs, set, lookups.length);
  const given = new Set(inputs.map(({ name }) => name));
  const unfit: string[] = [];
  const added = set.columns.flatMap((column) => {
    const spec = signature.inputs.find(({ name }) => name === (column.input ?? column.column));
    if (spec === undefined || given.has(spec.name)) return [];
    const values = lookups.map((lookup, index) =>
      isObject(lookup) && outcomes[index] === 'fresh' ? lookup.values[column.column] : undefined,
    );
    const made = tensorOf(spec, { values, fallback: column.default, rows });
    if (made.unfit) unfit.push(column.column);
    return made.tensor === null ? [] : [made.tensor];
  });
  const taken = new Set(signature.inputs.map(({ name }) => name));
  const key = 'input' in set.key ? set.key.input : null;
  return {
    inputs: [...inputs.filter(({ name }) => name !== key || taken.has(name)), ...added],
    outcomes,
    unfit,
  };
}

function outcomeOf(lookup: FeatureLookup, { maxAgeSeconds }: FeatureSet, now: number): FeatureOutcome {
  if (lookup === 'missing' || lookup === 'unavailable') return lookup;
  return maxAgeSeconds !== undefined && now - lookup.at > maxAgeSeconds * 1_000 ? 'stale' : 'fresh';
}

/** Rows of the request: of the key's input, or of any other; 1 without any. */
function rowCount(inputs: readonly Tensor[], { key }: FeatureSet, keys: number): number {
  if ('input' in key) return keys;
  return inputs.find(({ shape }) => shape.length > 0)?.shape[0] ?? 1;
}

interface Column {
  readonly values: readonly (FeatureValue | undefined)[];
  readonly fallback: FeatureValue;
  readonly rows: number;
}

/** One value for all rows is repeated; a value that does not fit the model's input gives way to the default. */
function tensorOf(
  spec: TensorSpec,
  { values, fallback, rows }: Column,
): { tensor: Tensor | null; unfit: boolean } {
  const width = [fallback].flat().length;
  const isVector = Array.isArray(fallback);
  const fits = (value: FeatureValue | undefined) =>
    value !== undefined && Array.isArray(value) === isVector && [value].flat().length === width;
  const perRow = Array.from({ length: rows }, (_, row) => (values.length === 1 ? values[0] : values[row]));
  const flat = perRow.flatMap((value) => (value !== undefined && fits(value) ? value : fallback));
  const unfit = perRow.some((value) => value !== undefined && !fits(value));
  const shape = isVector ? [rows, width] : spec.shape.length > 1 ? [rows, 1] : [rows];
  const { name, datatype } = spec;
  const read = readTensorData(datatype, flat);
  if ('data' in read) return { tensor: { name, datatype, shape, data: read.data }, unfit };
  const byDefault = readTensorData(
    datatype,
    perRow.flatMap(() => fallback),
  );
  return {
    tensor: 'data' in byDefault ? { name, datatype, shape, data: byDefault.data } : null,
    unfit: true,
  };
}
