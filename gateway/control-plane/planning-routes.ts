import { z } from 'zod';
import { effectSought } from '../../experiments/effect-sought.ts';
import { experimentSchema } from '../../experiments/experiment.ts';
import { metricSchema } from '../../experiments/metric.ts';
import { POWER_EXAMPLE } from '../analysis/schema/power-schema.ts';
import { anObject, jsonBody, queryParameter, ref, schemaOf } from '../http/openapi-parts.ts';
import { EXPERIMENTERS, READERS, type Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import { parsedBody } from './admin-request.ts';
import type { AnalysisRouteOptions } from './analysis-route-options.ts';
import { measuredLike } from './measured-like.ts';
import { numberOf } from './query-numbers.ts';
import { registeredExperiment } from './registered-experiment.ts';

const PREVIEW_EXAMPLE = {
  records: 9_120,
  units: 1_405,
  warnings: ['The topmost 1 % of units hold 31 % of the total: consider a cap.'],
};

/** What an experiment, or a draft of one, takes. */
export const POWER_ANSWER = {
  description: 'Units and days by variant, and where they come from',
  content: jsonBody(ref('ExperimentPower'), POWER_EXAMPLE),
};

/** How long an experiment has to run. */
export function powerRoute({ analysis, ...options }: AnalysisRouteOptions): Route {
  return {
    method: 'get',
    path: '/admin/v1/experiments/{key}/power',
    access: READERS,
    id: 'experimentPower',
    tag: 'experiments',
    summary: "Units and days that an experiment takes, from its endpoint's real traffic",
    parameters: [
      queryParameter(
        'effect',
        'Relative effect on the primary metric that should be seen; unless given the one that the experiment declares, or 0.05',
        { type: 'number' },
      ),
      queryParameter('power', 'Chance to see it if it is there', { type: 'number', default: 0.8 }),
    ],
    answers: { 200: POWER_ANSWER },
    problems: ['invalid-request', 'not-found', 'wrong-state', 'lake-unavailable', 'analysis-busy'],
    handle: async (request, response) => {
      const { experiment } = await registeredExperiment(request, options);
      if (experiment.metrics === undefined)
        throw new Problem('wrong-state', 'the experiment has no primary metric: name one to plan for it');
      const others = measuredLike(experiment, options.source);
      const effect = numberOf(request, 'effect', {
        fallback: effectSought(experiment),
        within: [-0.99, 10],
      });
      const power = numberOf(request, 'power', { fallback: 0.8, within: [0.5, 0.99] });
      if (effect === 0) throw new Problem('invalid-request', 'effect is 0: no number of units shows that');
      response.json(await analysis.plan({ experiment, others, effect, power }));
    },
  };
}

const previewSchema = z.strictObject({
  metric: metricSchema,
  unit: experimentSchema.shape.unit.default('user'),
  days: z.int().min(1).max(90).default(14).meta({ description: 'How far back' }),
});

/** What a metric would have measured. */
export function previewRoute({ analysis }: AnalysisRouteOptions): Route {
  return {
    method: 'post',
    path: '/admin/v1/metrics/preview',
    access: EXPERIMENTERS,
    id: 'previewMetric',
    tag: 'metrics',
    summary: 'What a metric would have measured lately, before it is registered; changes nothing',
    body: jsonBody(schemaOf(previewSchema), {
      metric: { key: 'spend', event: 'bought', kind: 'sum' },
      unit: 'user',
      days: 14,
    }),
    answers: { 200: anObject('Preview', PREVIEW_EXAMPLE) },
    problems: ['invalid-request', 'invalid-configuration', 'lake-unavailable', 'analysis-busy'],
    handle: async (request, response) => {
      response.json(await analysis.preview(parsedBody(previewSchema, request.body)));
    },
  };
}
