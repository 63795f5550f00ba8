import { randomFrom } from './random.ts';

export type Tree =
  | { readonly kind: 'leaf'; readonly value: number }
  | {
      readonly kind: 'split';
      readonly column: number;
      /** Rows with a value of at most this go to `low`. A 32-bit float, as ONNX compares. */
      readonly threshold: number;
      readonly low: Tree;
      readonly high: Tree;
    };

/** Prediction = base + the sum of one leaf per tree. */
export interface BoostedTrees {
  readonly base: number;
  readonly trees: readonly Tree[];
}

export interface BoostingOptions {
  readonly trees: number;
  readonly depth: number;
  readonly learningRate: number;
  readonly minLeafRows: number;
  /** Share of the rows that each tree sees. */
  readonly rowShare: number;
  readonly seed: number;
}

interface Binned {
  readonly columns: readonly Float32Array[];
  /** Per column, the ascending values at which it may be split. */
  readonly cuts: readonly Float32Array[];
  /** Per column and row, how many cuts lie below the row's value. */
  readonly bins: readonly Uint8Array[];
}

const MAX_CUTS = 63;

/**
 * Stochastic gradient boosting of regression trees on squared error (Friedman 2001, 2002), with splits sought in
 * histograms of at most 64 bins per column. Uses + − × ÷ and 32-bit rounding only: same rows, same bytes anywhere.
 */
export function fitBoostedTrees(
  columns: readonly Float32Array[],
  targets: Float64Array,
  options: BoostingOptions,
): BoostedTrees {
  const binned = bin(columns);
  const random = randomFrom(options.seed);
  const base = Math.fround(targets.reduce((sum, value) => sum + value, 0) / targets.length);
  const residuals = targets.map((target) => target - base);
  const allRows = Array.from(targets.keys());
  const trees = Array.from({ length: options.trees }, () => {
    const rows = allRows.filter(() => random() < options.rowShare);
    const tree = grow({ binned, residuals, options }, rows, options.depth);
    for (const row of allRows) {
      residuals[row] = at(residuals, row) - leafOf(tree, (column) => valueAt(columns, column, row));
    }
    return tree;
  });
  return { base, trees };
}

/** The prediction for one row, given its value in each column. */
export function boostedScore(model: BoostedTrees, valueIn: (column: number) => number): number {
  return model.trees.reduce((score, tree) => score + leafOf(tree, valueIn), model.base);
}

function leafOf(tree: Tree, valueIn: (column: number) => number): number {
  let node = tree;
  while (node.kind === 'split') node = valueIn(node.column) <= node.threshold ? node.low : node.high;
  return node.value;
}

function bin(columns: readonly Float32Array[]): Binned {
  const cuts = columns.map((column) => {
    const sorted = Float32Array.from(column).sort();
    const candidates = Array.from({ length: MAX_CUTS }, (_, cut) =>
      at(sorted, Math.floor(((cut + 1) * (sorted.length - 1)) / (MAX_CUTS + 1))),
    );
    return Float32Array.from(new Set(candidates));
  });
  const bins = columns.map((column, index) => {
    const own = cuts[index] ?? new Float32Array();
    return Uint8Array.from(column, (value) => own.filter((cut) => cut < value).length);
  });
  return { columns, cuts, bins };
}

interface Growing {
  readonly binned: Binned;
  readonly residuals: Float64Array;
  readonly options: BoostingOptions;
}

function grow(growing: Growing, rows: readonly number[], depth: number): Tree {
  const split = depth === 0 ? undefined : bestSplit(growing, rows);
  if (split === undefined) {
    const sum = rows.reduce((total, row) => total + at(growing.residuals, row), 0);
    return {
      kind: 'leaf',
      value: Math.fround((growing.options.learningRate * sum) / Math.max(1, rows.length)),
    };
  }
  const { column, threshold } = split;
  const isLow = (row: number) => valueAt(growing.binned.columns, column, row) <= threshold;
  return {
    kind: 'split',
    column,
    threshold,
    low: grow(growing, rows.filter(isLow), depth - 1),
    high: grow(
      growing,
      rows.filter((row) => !isLow(row)),
      depth - 1,
    ),
  };
}

interface Split {
  readonly column: number;
  readonly threshold: number;
  readonly gain: number;
}

/** The cut that lowers squared error most, leaving enough rows on both sides; undefined when none lowers it. */
function bestSplit(growing: Growing, rows: readonly number[]): Split | undefined {
  let best: Split | undefined;
  for (const column of growing.binned.columns.keys()) {
    const found = bestCut(growing, rows, column);
    if (found !== undefined && found.gain > (best?.gain ?? 1e-9)) best = found;
  }
  return best;
}

function bestCut(
  { binned, residuals, options }: Growing,
  rows: readonly number[],
  column: number,
): Split | undefined {
  const cuts = binned.cuts[column] ?? new Float32Array();
  const bins = binned.bins[column] ?? new Uint8Array();
  const counts = new Float64Array(cuts.length + 1);
  const sums = new Float64Array(cuts.length + 1);
  let total = 0;
  for (const row of rows) {
    const residual = at(residuals, row);
    const slot = at(bins, row);
    counts[slot] = at(counts, slot) + 1;
    sums[slot] = at(sums, slot) + residual;
    total += residual;
  }
  let best: Split | undefined;
  let lowCount = 0;
  let lowSum = 0;
  for (const [cut, threshold] of cuts.entries()) {
    lowCount += at(counts, cut);
    lowSum += at(sums, cut);
    const highCount = rows.length - lowCount;
    if (lowCount < options.minLeafRows || highCount < options.minLeafRows) continue;
    const gain = lowSum ** 2 / lowCount + (total - lowSum) ** 2 / highCount - total ** 2 / rows.length;
    if (gain > (best?.gain ?? 0)) best = { column, threshold, gain };
  }
  return best;
}

/** Reads a typed array where the index is known to lie in it. */
function at(values: Float64Array | Float32Array | Uint8Array, index: number): number {
  return values[index] ?? Number.NaN;
}

const valueAt = (columns: readonly Float32Array[], column: number, row: number): number =>
  columns[column]?.[row] ?? Number.NaN;
