import type { Request } from 'express';
import { z } from 'zod';
import type { Method } from '../../experiments/analysis/method.ts';
import { experimentSchema } from '../../experiments/experiment.ts';
import { metricSchema } from '../../experiments/metric.ts';
import type { Analysis } from '../analysis/analysis.ts';
import { queriesOf } from '../analysis/queries-of.ts';
import { experimentReport } from '../analysis/report/experiment-report.ts';
import { ATHENA, BIGQUERY, type Dialect } from '../analysis/sql/dialect.ts';
import { anObject, jsonBody, queryParameter, schemaOf } from '../http/openapi-parts.ts';
import { EXPERIMENTERS, READERS, type Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import type { RegisteredExperiment } from '../snapshot/snapshot.ts';
import type { SnapshotSource } from '../snapshot/snapshot-source.ts';
import { parsedBody } from './admin-request.ts';
import type { ConfigurationWriter } from './change-configuration.ts';
import { findOr404 } from './resource-routes.ts';

export interface AnalysisRouteOptions {
  readonly writer: ConfigurationWriter;
  readonly source: SnapshotSource;
  readonly analysis: Analysis;
  /** Brings what is still in the spool to the lake. */
  readonly ship: () => Promise<void>;
}

const RESULTS_EXAMPLE = {
  experiment: 'ranker-v2',
  revision: 17,
  asOf: '2026-11-20T12:00:00.000Z',
  exposures: { total: 8_412, units: 2_004, excludedUnits: 0, earlierUnits: 0 },
  verdict: { decision: 'keep-running' },
};
const POWER_EXAMPLE = {
  metric: 'top-rating',
  effect: 0.05,
  power: 0.8,
  alpha: 0.05,
  basis: { experiment: 'ranker-v2', units: 2_004, unitsPerDay: 310, mean: 0.31, standardDeviation: 0.46 },
  variants: [{ variant: 'treatment', units: { fixed: 28_000, alwaysValid: 41_000, expected: 22_000 } }],
};
const PREVIEW_EXAMPLE = {
  records: 9_120,
  units: 1_405,
  warnings: ['The topmost 1 % of units hold 31 % of the total: consider a cap.'],
};

const fresh = queryParameter('fresh', 'true: bring what is still in the spool to the lake first', {
  type: 'boolean',
  default: false,
});
const detailed = queryParameter('detailed', 'true: the primary metric by day and by dimension too', {
  type: 'boolean',
  default: false,
});
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

/** What is asked of the lake: results, their report, plans and previews. */
export function analysisRoutes(options: AnalysisRouteOptions): Route[] {
  return [
    resultsRoute(options),
    reportRoute(options),
    queriesRoute(options),
    powerRoute(options),
    previewRoute(options),
  ];
}

function resultsRoute({ analysis, ship, ...options }: AnalysisRouteOptions): Route {
  return {
    method: 'get',
    path: '/admin/v1/experiments/{key}/results',
    access: READERS,
    id: 'experimentResults',
    tag: 'experiments',
    summary: 'The verdict on an experiment, with the numbers behind it',
    parameters: [fresh, detailed, methods, looks, prior],
    answers: { 200: anObject('Results', RESULTS_EXAMPLE) },
    problems: ['invalid-request', 'not-found', 'wrong-state', 'lake-unavailable', 'analysis-busy'],
    handle: async (request, response) => {
      const registered = await registeredExperiment(request, options);
      const look = { detailed: request.query['detailed'] === 'true', methods: methodsOf(request) };
      if (request.query['fresh'] === 'true') await ship();
      response.json(await analysis.results(registered, look));
    },
  };
}

function reportRoute({ analysis, ship, ...options }: AnalysisRouteOptions): Route {
  return {
    method: 'get',
    path: '/admin/v1/experiments/{key}/report',
    access: READERS,
    id: 'experimentReport',
    tag: 'experiments',
    summary: 'The same as one HTML page that needs nothing else, to read, print or send',
    parameters: [fresh, methods, looks, prior],
    answers: {
      200: {
        description: 'Report',
        content: { 'text/html': { schema: { type: 'string' }, example: '<!doctype html>…' } },
      },
    },
    problems: ['invalid-request', 'not-found', 'wrong-state', 'lake-unavailable', 'analysis-busy'],
    handle: async (request, response) => {
      const registered = await registeredExperiment(request, options);
      const methodsWanted = methodsOf(request);
      if (request.query['fresh'] === 'true') await ship();
      const results = await analysis.results(registered, { detailed: true, methods: methodsWanted });
      response
        .setHeader('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
        .type('html')
        .send(experimentReport(registered.experiment, results));
    },
  };
}

const WAREHOUSES: Readonly<Record<string, Dialect>> = { athena: ATHENA, bigquery: BIGQUERY };

function queriesRoute({ analysis, ...options }: AnalysisRouteOptions): Route {
  return {
    method: 'get',
    path: '/admin/v1/experiments/{key}/queries',
    access: READERS,
    id: 'experimentQueries',
    tag: 'experiments',
    summary: 'The same metrics as SQL for a warehouse over the lake, for data that outgrow one machine',
    parameters: [
      queryParameter('dialect', 'Whose SQL', { enum: Object.keys(WAREHOUSES), default: 'athena' }),
    ],
    answers: {
      200: anObject('By metric, one query each', {
        dialect: 'athena',
        queries: { 'top-rating': 'WITH exposure AS (…' },
      }),
    },
    problems: ['invalid-request', 'not-found', 'wrong-state', 'lake-unavailable', 'analysis-busy'],
    handle: async (request, response) => {
      const name = request.query['dialect'] ?? 'athena';
      const dialect = typeof name === 'string' ? WAREHOUSES[name] : undefined;
      if (dialect === undefined) throw new Problem('invalid-request', 'dialect must be athena or bigquery');
      const registered = await registeredExperiment(request, options);
      const results = await analysis.results(registered, { detailed: false, methods: [] });
      response.json({ dialect: name, queries: queriesOf(results, registered, dialect) });
    },
  };
}

function powerRoute({ analysis, ...options }: AnalysisRouteOptions): Route {
  return {
    method: 'get',
    path: '/admin/v1/experiments/{key}/power',
    access: READERS,
    id: 'experimentPower',
    tag: 'experiments',
    summary: "Units and days that an experiment takes, from its endpoint's real traffic",
    parameters: [
      queryParameter('effect', 'Relative effect on the primary metric that should be seen', {
        type: 'number',
        default: 0.05,
      }),
      queryParameter('power', 'Chance to see it if it is there', { type: 'number', default: 0.8 }),
    ],
    answers: { 200: anObject('Plan', POWER_EXAMPLE) },
    problems: ['invalid-request', 'not-found', 'wrong-state', 'lake-unavailable', 'analysis-busy'],
    handle: async (request, response) => {
      const { experiment } = await registeredExperiment(request, options);
      if (experiment.metrics === undefined)
        throw new Problem('wrong-state', 'the experiment has no primary metric: name one to plan for it');
      const registered = [...(options.source.current?.snapshot.experiments.values() ?? [])];
      const others = registered
        .map((other) => other.experiment)
        .filter(
          ({ key, endpoint, unit }) =>
            key !== experiment.key && endpoint === experiment.endpoint && unit === experiment.unit,
        );
      const effect = numberOf(request, 'effect', { fallback: 0.05, within: [-0.99, 10] });
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

function previewRoute({ analysis }: AnalysisRouteOptions): Route {
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

async function registeredExperiment(
  request: Request<Record<string, string>>,
  { writer, source }: Pick<AnalysisRouteOptions, 'writer' | 'source'>,
): Promise<RegisteredExperiment> {
  const key = request.params['key'] ?? '';
  findOr404(await writer.documents(), 'experiments', key);
  const registered = source.current?.snapshot.experiments.get(key);
  if (registered === undefined)
    throw new Problem('not-ready', 'the configuration in force does not hold it yet');
  return registered;
}

function methodsOf(request: Request): Method[] {
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

function numbersOf(request: Request, name: string): number[] {
  const text = request.query[name];
  if (text === undefined || text === '') return [];
  const numbers = String(text).split(',').map(Number);
  if (numbers.every(Number.isFinite)) return numbers;
  throw new Problem('invalid-request', `${name} must be numbers, comma-separated`);
}

function numberOf(
  request: Request,
  name: string,
  {
    fallback,
    within: [low, high],
  }: { readonly fallback: number; readonly within: readonly [number, number] },
): number {
  const [value = fallback, ...others] = numbersOf(request, name);
  if (others.length === 0 && value >= low && value <= high) return value;
  throw new Problem('invalid-request', `${name} must be one number from ${low} to ${high}`);
}
