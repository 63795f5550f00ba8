import type { Request } from 'express';
import type { Experiment } from '../../experiments/experiment.ts';
import { FULL_SHARE_BP } from '../../experiments/key.ts';
import type { Weighting } from '../analysis/policy-values.ts';
import { queryParameter } from '../http/openapi-parts.ts';
import { Problem } from '../problems.ts';

export const WEIGHTING_PARAMETER = queryParameter(
  'weights',
  'A weighting that was not run, to say what it would have brought: variants with basis points that sum to 10,000, `control:2000,treatment:8000`; a variant that is left out has none',
);

/** Null where none was asked for. Throws Problem `invalid-request`. */
export function weightingOf(request: Request, { variants }: Experiment): Weighting | null {
  const text = request.query['weights'];
  if (text === undefined || text === '') return null;
  const pairs = String(text)
    .split(',')
    .map((part) => part.split(':').map((piece) => piece.trim()));
  const weights: Record<string, number> = Object.fromEntries(variants.map(({ key }) => [key, 0]));
  for (const [key = '', basisPoints = ''] of pairs) {
    if (!Object.hasOwn(weights, key))
      throw refused(`names ${JSON.stringify(key)}: the variants are ${Object.keys(weights).join(', ')}`);
    if (!/^\d{1,5}$/.test(basisPoints))
      throw refused(`gives ${key} ${JSON.stringify(basisPoints)}: use whole basis points`);
    weights[key] = Number(basisPoints);
  }
  const sum = Object.values(weights).reduce((total, weight) => total + weight, 0);
  if (sum !== FULL_SHARE_BP) throw refused(`sums to ${sum}: it must be ${FULL_SHARE_BP} basis points`);
  return weights;
}

const refused = (what: string) => new Problem('invalid-request', `weights ${what}`);
