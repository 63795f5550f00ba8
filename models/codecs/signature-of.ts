import { isObject } from './decode-tensor.ts';
import { isDatatype, type Signature, type TensorSpec } from './tensor.ts';

/** Inputs and outputs from a server's "Model Metadata Response JSON Object"; null where it departs from that. */
export function signatureOf(metadata: Readonly<Record<string, unknown>>): Signature | null {
  const inputs = specsOf(metadata['inputs']);
  const outputs = specsOf(metadata['outputs']);
  return inputs === null || outputs === null ? null : { inputs, outputs };
}

function specsOf(found: unknown): readonly TensorSpec[] | null {
  if (!Array.isArray(found)) return null;
  const specs = found.map(specOf);
  return specs.every((spec) => spec !== null) ? specs : null;
}

function specOf(found: unknown): TensorSpec | null {
  if (!isObject(found)) return null;
  const { name, datatype, shape } = found;
  if (typeof name !== 'string' || !isDatatype(datatype) || !Array.isArray(shape)) return null;
  // Protocol buffers in JSON have 64-bit integers as text, and some servers leave them so.
  const dimensions = shape.map(Number);
  return dimensions.every(Number.isSafeInteger) ? { name, datatype, shape: dimensions } : null;
}
