import { createHash } from 'node:crypto';
import { writeBinaryData } from './binary-tensor.ts';
import type { InferRequest } from './open-inference.ts';

/** What a request says of its unit decides who is asked, not what is answered. */
const OF_THE_UNIT = /^(unit_id|context\..*)$/;
/** An answer to these depends on what was asked before. */
const STATEFUL = ['sequence_id', 'sequence_start', 'sequence_end'];

/**
 * SHA-256, hex, of what an answer depends on: inputs by name whatever their order and form, the outputs that are
 * wanted and how, and the parameters that are not about the unit. Null for a request that is part of a sequence.
 */
export function canonicalDigest({ inputs, outputs, binaryOutputs, parameters }: InferRequest): string | null {
  if (STATEFUL.some((name) => name in parameters)) return null;
  const hash = createHash('sha256');
  const asked = Object.entries(parameters).filter(([name]) => !OF_THE_UNIT.test(name));
  const shapeOfAnswer = [outputs ?? null, binaryOutputs ?? null, asked.sort(byName).map(String)];
  hash.update(JSON.stringify(shapeOfAnswer));
  for (const tensor of inputs.toSorted((left, right) => (left.name < right.name ? -1 : 1))) {
    const data = writeBinaryData(tensor);
    hash.update(JSON.stringify([tensor.name, tensor.datatype, tensor.shape, data.length])).update(data);
  }
  return hash.digest('hex');
}

const byName = ([left]: [string, unknown], [right]: [string, unknown]) => (left < right ? -1 : 1);
