import type { Request } from 'express';
import type { Experiment } from '../../experiments/experiment.ts';
import type { LookOptions } from '../analysis/analysis.ts';
import { RESULTS_EXAMPLE } from '../analysis/schema/results-example.ts';
import { jsonBody, queryParameter, ref } from '../http/openapi-parts.ts';
import { METHOD_PARAMETERS, methodsOf } from './methods-of.ts';
import { WEIGHTING_PARAMETER, weightingOf } from './weighting-of.ts';

export const FRESH_PARAMETER = queryParameter(
  'fresh',
  'true: bring what is still in the spool to the lake first',
  { type: 'boolean', default: false },
);
const detailed = queryParameter(
  'detailed',
  'true: the primary metric by day, by day since exposure and by dimension too',
  { type: 'boolean', default: false },
);

/** What a query may ask of results beside the verdict and the metrics. */
export const LOOK_PARAMETERS = [detailed, ...METHOD_PARAMETERS, WEIGHTING_PARAMETER];

/** Results of an experiment, or of a holdout as the experiment that it amounts to. */
export const RESULTS_ANSWER = {
  description: 'The verdict, and the numbers behind it',
  content: jsonBody(ref('ExperimentResults'), RESULTS_EXAMPLE),
};

/** What a query asks. Throws Problem `invalid-request`. */
export function lookOf(request: Request, experiment: Experiment): LookOptions {
  return {
    detailed: request.query['detailed'] === 'true',
    methods: methodsOf(request),
    weighting: weightingOf(request, experiment),
  };
}
