import { type InputProblem, quote } from './input-problem.ts';
import type { InferRequest } from './open-inference.ts';
import type { Signature, Tensor, TensorSpec } from './tensor.ts';

const shapeText = (shape: readonly number[]) => `[${shape.join(', ')}]`;
const names = (specs: readonly TensorSpec[]) => specs.map(({ name }) => quote(name)).join(', ');

function mismatch(input: Tensor, spec: TensorSpec): string | null {
  if (input.datatype !== spec.datatype) return `expects ${spec.datatype}, found ${input.datatype}`;
  const fits =
    input.shape.length === spec.shape.length &&
    spec.shape.every((dimension, axis) => dimension === -1 || dimension === input.shape[axis]);
  return fits ? null : `expects shape ${shapeText(spec.shape)} (-1: any), found ${shapeText(input.shape)}`;
}

/**
 * Everything in which a request departs from what the model takes: an input it does not know or lacks, a
 * wrong datatype, rank or dimension, an output it does not have. Empty when the request fits.
 */
export function validateAgainstSignature(request: InferRequest, signature: Signature): InputProblem[] {
  const problems: InputProblem[] = [];
  const given = new Map(request.inputs.map((input, index) => [input.name, { input, index }]));
  for (const spec of signature.inputs) {
    const found = given.get(spec.name);
    given.delete(spec.name);
    if (found === undefined) {
      const message = `input ${quote(spec.name)} is missing: expects ${spec.datatype} ${shapeText(spec.shape)}`;
      problems.push({ path: '/inputs', code: 'missing-input', message });
      continue;
    }
    const wrong = mismatch(found.input, spec);
    if (wrong !== null) {
      const message = `input ${quote(spec.name)} ${wrong}`;
      problems.push({ path: `/inputs/${found.index}`, code: 'signature-mismatch', message });
    }
  }
  for (const [name, { index }] of given) {
    const message = `input ${quote(name)} is unknown: the model takes ${names(signature.inputs)}`;
    problems.push({ path: `/inputs/${index}`, code: 'unknown-input', message });
  }
  for (const [index, name] of (request.outputs ?? []).entries()) {
    if (signature.outputs.some((output) => output.name === name)) continue;
    const message = `output ${quote(name)} is unknown: the model gives ${names(signature.outputs)}`;
    problems.push({ path: `/outputs/${index}`, code: 'unknown-output', message });
  }
  return [...problems, ...withoutJsonForm(request, signature)];
}

/** Outputs that the request wants in JSON and that have no JSON form. */
function withoutJsonForm(
  { outputs, binaryOutputs = [] }: InferRequest,
  signature: Signature,
): InputProblem[] {
  return signature.outputs
    .filter(({ name, datatype }) => datatype === 'FP16' && (outputs?.includes(name) ?? true))
    .filter(({ name }) => binaryOutputs !== 'all' && !binaryOutputs.includes(name))
    .map(({ name }) => ({
      path: '/outputs',
      code: 'no-json-form',
      message: `output ${quote(name)} is FP16, which has no JSON form: ask for it with "binary_data": true`,
    }));
}
