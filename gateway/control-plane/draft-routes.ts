import { z } from 'zod';
import { attributesOf } from '../../experiments/audience/attributes-of.ts';
import { compileAudience } from '../../experiments/audience/compile-audience.ts';
import { compileSegments } from '../../experiments/audience/compile-segments.ts';
import { effectSought } from '../../experiments/effect-sought.ts';
import { experimentSchema } from '../../experiments/experiment.ts';
import { BUILT_IN_METRICS } from '../../experiments/metric.ts';
import { anObject, jsonBody, schemaOf } from '../http/openapi-parts.ts';
import { EXPERIMENTERS, type Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import { parsedBody } from './admin-request.ts';
import type { AnalysisRouteOptions } from './analysis-route-options.ts';
import { measuredLike } from './measured-like.ts';
import { POWER_ANSWER } from './planning-routes.ts';

const powerRequestSchema = z.strictObject({
  experiment: experimentSchema,
  effect: z
    .number()
    .min(-0.99)
    .max(10)
    .refine((effect) => effect !== 0, 'is 0: no number of units shows that')
    .optional()
    .meta({
      description:
        'Relative effect on the primary metric that should be seen; unless given the one that the experiment declares, or 0.05',
    }),
  power: z.number().min(0.5).max(0.99).default(0.8).meta({ description: 'Chance to see it if it is there' }),
});

const audienceRequestSchema = z.strictObject({
  experiment: experimentSchema,
  days: z.int().min(1).max(90).default(14).meta({ description: 'How far back' }),
});

const EXPERIMENT_EXAMPLE = {
  key: 'ranker-v3',
  endpoint: 'movie-ranking',
  unit: 'user',
  audience: { 'tenant.plan': 'pro' },
  variants: [
    { key: 'control', weight: 5_000, target: 'ranker-v1-aws' },
    { key: 'treatment', weight: 5_000, target: 'ranker-v2-aws' },
  ],
  metrics: { primary: 'top-rating' },
};
const PROBLEMS = ['invalid-request', 'invalid-configuration', 'lake-unavailable', 'analysis-busy'] as const;

type DraftRouteOptions = Pick<AnalysisRouteOptions, 'analysis' | 'source'>;

/** What an experiment that is still being written would meet, from what was measured lately; nothing changes. */
export function draftRoutes(options: DraftRouteOptions): Route[] {
  return [draftPowerRoute(options), draftAudienceRoute(options)];
}

function draftPowerRoute({ analysis, source }: DraftRouteOptions): Route {
  return {
    method: 'post',
    path: '/admin/v1/drafts/power',
    access: EXPERIMENTERS,
    id: 'draftPower',
    tag: 'experiments',
    summary: "Units and days that an experiment would take, from its endpoint's real traffic",
    body: jsonBody(schemaOf(powerRequestSchema), { experiment: EXPERIMENT_EXAMPLE, effect: 0.05 }),
    answers: { 200: POWER_ANSWER },
    problems: [...PROBLEMS, 'wrong-state'],
    handle: async (request, response) => {
      const body = parsedBody(powerRequestSchema, request.body);
      const { experiment, effect = effectSought(experiment), power } = body;
      const primary = experiment.metrics?.primary;
      if (primary === undefined)
        throw new Problem('wrong-state', 'the experiment has no primary metric: name one to plan for it');
      if (!isDefined(primary, source))
        throw new Problem('invalid-configuration', `there is no metric "${primary}": define it first`);
      const others = measuredLike(experiment, source);
      // Only the primary one is planned for: others may still be half-typed.
      const planned = { ...experiment, metrics: { primary, secondary: [], guardrails: [] } };
      response.json(await analysis.plan({ experiment: planned, others, effect, power }));
    },
  };
}

function draftAudienceRoute({ analysis, source }: DraftRouteOptions): Route {
  return {
    method: 'post',
    path: '/admin/v1/drafts/audience',
    access: EXPERIMENTERS,
    id: 'draftAudience',
    tag: 'experiments',
    summary: 'How many of the units that were lately exposed at its endpoint an audience would take',
    body: jsonBody(schemaOf(audienceRequestSchema), { experiment: EXPERIMENT_EXAMPLE, days: 14 }),
    answers: {
      200: anObject(
        'Units, and of them those in the audience: null where it asks for attributes that are not recorded',
        { days: 14, units: 2_004, matching: 1_388, unrecorded: [] },
      ),
    },
    problems: PROBLEMS,
    handle: async (request, response) => {
      const { experiment, days } = parsedBody(audienceRequestSchema, request.body);
      const { endpoint, audience, key } = experiment;
      await source.refresh();
      const segments = source.current?.snapshot.segments ?? new Map();
      const compiled = compileAudience(audience, compileSegments(segments).compiled);
      if (!compiled.ok)
        throw new Problem('invalid-configuration', 'the audience cannot be read', {
          issues: compiled.issues,
        });
      const snapshot = source.current?.snapshot;
      const recorded = snapshot?.endpoints.get(endpoint)?.endpoint.dimensions ?? [];
      const unrecorded = attributesOf(audience, segments).filter(
        (path) => !path.startsWith('tenant.') && !recorded.includes(path),
      );
      const { units, matching } = await analysis.audience({
        endpoint,
        experiments: [key, ...measuredLike(experiment, source).map((other) => other.key)],
        matches: compiled.matches,
        tenantAttributes: (tenant) => snapshot?.tenants.get(tenant)?.attributes ?? {},
        days,
      });
      response.json({ days, units, matching: unrecorded.length === 0 ? matching : null, unrecorded });
    },
  };
}

function isDefined(metric: string, source: DraftRouteOptions['source']): boolean {
  return (
    source.current?.snapshot.metrics.has(metric) === true ||
    BUILT_IN_METRICS.some((builtIn) => builtIn === metric)
  );
}
