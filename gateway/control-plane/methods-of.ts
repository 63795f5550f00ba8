import type { Request } from 'express';
import type { Method } from '../../experiments/analysis/method.ts';
import { queryParameter } from '../http/openapi-parts.ts';
import { Problem } from '../problems.ts';
import { numbersOf } from './query-numbers.ts';

const methods = queryParameter(
  'methods',
  'Beside the always-valid one, comma-separated: fixed-horizon, bayesian, group-sequential',
);
const looks = queryParameter(
  'looks',
  'For group-sequential: the looks so far, this one last, as shares of the units planned: 0.25,0.5',
);
const prior = queryParameter(
  'prior',
  'For bayesian: mean and standard deviation of what was believed of the relative lift: 0,0.1; flat unless given',
);

/** What a query may say of methods. */
export const METHOD_PARAMETERS = [methods, looks, prior];

/** The methods that a query asks for beside the always-valid one. Throws Problem `invalid-request`. */
export function methodsOf(request: Request): Method[] {
  const wanted = request.query['methods'];
  if (wanted === undefined || wanted === '') return [];
  return String(wanted)
    .split(',')
    .map((name) => methodOf(name.trim(), request));
}

function methodOf(name: string, request: Request): Method {
  switch (name) {
    case 'fixed-horizon':
      return { kind: 'fixed-horizon' };
    case 'bayesian': {
      const given = numbersOf(request, 'prior');
      if (given.length === 0) return { kind: 'bayesian', prior: null };
      const [mean = 0, standardDeviation = 0] = given;
      if (given.length !== 2 || standardDeviation <= 0)
        throw new Problem('invalid-request', 'prior must be a mean and a standard deviation above 0: 0,0.1');
      return { kind: 'bayesian', prior: { mean, standardDeviation } };
    }
    case 'group-sequential': {
      const fractions = numbersOf(request, 'looks');
      const rising = fractions.every((share, index) => share > (fractions[index - 1] ?? 0) && share <= 1);
      if (fractions.length === 0 || !rising)
        throw new Problem('invalid-request', 'looks must be rising shares of the units planned: 0.25,0.5');
      return { kind: 'group-sequential', fractions, spending: 'obrien-fleming' };
    }
    default:
      throw new Problem(
        'invalid-request',
        `methods holds ${JSON.stringify(name)}: use fixed-horizon, bayesian or group-sequential`,
      );
  }
}
