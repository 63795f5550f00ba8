import type { Signature, Tensor } from '../codecs/tensor.ts';
import { rowsOf, splitOutputs, stackInputs } from './batch.ts';
import { type OrtSession, runSession } from './ort-tensor.ts';
import { syntheticInput, variedInput } from './synthetic-input.ts';

/** What the canary learned of a model by running it. */
export interface ModelProfile {
  readonly signature: Signature;
  /**
   * Whether several requests may be one run: `independent` rows gave the same answers together as alone,
   * `dependent` ones did not or there are none; `unknown` where the model refuses made-up values.
   */
  readonly rows: 'independent' | 'dependent' | 'unknown';
  readonly loadMs: number;
  /** Of one run of the sample, warm and undisturbed. */
  readonly runMs: number;
  /** Elements of that sample's inputs. */
  readonly sampleElements: number;
  /** What one more row adds to a run; null where rows are not independent. */
  readonly rowMs: number | null;
  /** Only operators whose time grows with their input's size, so that a small request is a short one. */
  readonly bounded: boolean;
  readonly sizeBytes: number;
}

/** Enough for the compiler to have seen the code around the first half of them. */
const RUNS = 200;
const LONGEST_MEASURING_MS = 200;
/** Of single precision summed in another order; what a batch of another size does to a matrix product. */
const TOLERANCE = 1e-4;
const ROWS = 3;
const MANY_ROWS = 64;

/** Time of a run, ms: the lower quartile, as what disturbs one only ever adds. A model that takes long is run less often. */
export async function measureRuns(run: () => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  const begun = performance.now();
  while (taken.length < RUNS && performance.now() - begun < LONGEST_MEASURING_MS) {
    const start = performance.now();
    await run();
    taken.push(performance.now() - start);
  }
  const sorted = taken.toSorted((left, right) => left - right);
  return sorted[Math.floor(taken.length / 4)] ?? Number.POSITIVE_INFINITY;
}

/** What one more row adds to a run of a model whose rows are independent, ms. */
export async function measureRow(
  session: OrtSession,
  { inputs, outputs }: Signature,
  runMs: number,
): Promise<number> {
  const rows = Array.from({ length: MANY_ROWS }, (_, seed) => inputs.map((spec) => variedInput(spec, seed)));
  const many = stackInputs(rows);
  const names = outputs.map(({ name }) => name);
  const manyMs = await measureRuns(() => runSession(session, many, names));
  return Math.max(0, manyMs - runMs) / (MANY_ROWS - 1);
}

/**
 * Runs three different rows alone and together and compares. A first dimension that a request chooses is not
 * enough: it may as well be a sequence, along which a model sums or normalises.
 */
export async function compareRows(session: OrtSession, signature: Signature): Promise<ModelProfile['rows']> {
  const { inputs, outputs } = signature;
  if (inputs.length === 0 || ![...inputs, ...outputs].every(({ shape }) => shape[0] === -1))
    return 'dependent';
  const names = outputs.map(({ name }) => name);
  const requests = Array.from({ length: ROWS }, (_, seed) => inputs.map((spec) => variedInput(spec, seed)));
  try {
    const alone: Tensor[][] = [];
    for (const request of requests) alone.push(await runSession(session, request, names));
    const produced = await runSession(session, stackInputs(requests), names);
    if (produced.some(({ shape }) => shape[0] !== ROWS)) return 'dependent';
    const together = splitOutputs(
      produced,
      requests.map((request) => rowsOf(request) ?? 0),
    );
    return together.every((one, index) => one.every((tensor, at) => isSame(tensor, alone[index]?.[at])))
      ? 'independent'
      : 'dependent';
  } catch {
    return 'unknown';
  }
}

function isSame(tensor: Tensor, other: Tensor | undefined): boolean {
  if (other === undefined || String(tensor.shape) !== String(other.shape)) return false;
  const isFloat = tensor.datatype === 'FP32' || tensor.datatype === 'FP64';
  return Array.from(tensor.data as ArrayLike<unknown>).every((value, index) => {
    const expected = other.data[index];
    if (!isFloat || Object.is(value, expected)) return value === expected || Object.is(value, expected);
    return Math.abs(Number(value) - Number(expected)) <= TOLERANCE * Math.max(1, Math.abs(Number(expected)));
  });
}

/** The sample that a model is warmed up and measured with: its example, or the smallest inputs that fit. */
export function sampleOf(signature: Signature, example: readonly Tensor[] | undefined): readonly Tensor[] {
  return example ?? signature.inputs.map(syntheticInput);
}
