import type { Request } from 'express';
import { queriesOf } from '../analysis/queries-of.ts';
import { experimentReport } from '../analysis/report/experiment-report.ts';
import { ATHENA, BIGQUERY, type Dialect, duckDbDialect } from '../analysis/sql/dialect.ts';
import { dimensionNameSchema } from '../catalogue/endpoint.ts';
import { anObject, queryParameter } from '../http/openapi-parts.ts';
import { READERS, type Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import type { AnalysisRouteOptions } from './analysis-route-options.ts';
import { METHOD_PARAMETERS } from './methods-of.ts';
import { registeredExperiment } from './registered-experiment.ts';
import { FRESH_PARAMETER, LOOK_PARAMETERS, lookOf, RESULTS_ANSWER } from './results-look.ts';
import { WEIGHTING_PARAMETER } from './weighting-of.ts';

/** How an experiment stands: as numbers, as a page, and as the queries that give the numbers. */
export function resultsRoute({ analysis, ship, ...options }: AnalysisRouteOptions): Route {
  return {
    method: 'get',
    path: '/admin/v1/experiments/{key}/results',
    access: READERS,
    id: 'experimentResults',
    tag: 'experiments',
    summary: 'The verdict on an experiment, with the numbers behind it',
    parameters: [FRESH_PARAMETER, ...LOOK_PARAMETERS],
    answers: { 200: RESULTS_ANSWER },
    problems: ['invalid-request', 'not-found', 'wrong-state', 'lake-unavailable', 'analysis-busy'],
    handle: async (request, response) => {
      const registered = await registeredExperiment(request, options);
      const look = lookOf(request, registered.experiment);
      if (request.query['fresh'] === 'true') await ship();
      response.json(await analysis.results(registered, look));
    },
  };
}

/** The same as a page. */
export function reportRoute({ analysis, ship, ...options }: AnalysisRouteOptions): Route {
  return {
    method: 'get',
    path: '/admin/v1/experiments/{key}/report',
    access: READERS,
    id: 'experimentReport',
    tag: 'experiments',
    summary: 'The same as one HTML page that needs nothing else, to read, print or send',
    parameters: [FRESH_PARAMETER, ...METHOD_PARAMETERS, WEIGHTING_PARAMETER],
    answers: {
      200: {
        description: 'Report',
        content: { 'text/html': { schema: { type: 'string' }, example: '<!doctype html>…' } },
      },
    },
    problems: ['invalid-request', 'not-found', 'wrong-state', 'lake-unavailable', 'analysis-busy'],
    handle: async (request, response) => {
      const registered = await registeredExperiment(request, options);
      const look = { ...lookOf(request, registered.experiment), detailed: true };
      if (request.query['fresh'] === 'true') await ship();
      const results = await analysis.results(registered, look);
      response
        .setHeader('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
        .type('html')
        .send(experimentReport(registered.experiment, results));
    },
  };
}

const DIALECTS: ReadonlyMap<unknown, (lakeUris: readonly string[]) => Dialect> = new Map([
  ['athena', () => ATHENA],
  ['bigquery', () => BIGQUERY],
  ['duckdb', duckDbDialect],
]);

/** The same as SQL for a warehouse. */
export function queriesRoute({ analysis, ...options }: AnalysisRouteOptions): Route {
  return {
    method: 'get',
    path: '/admin/v1/experiments/{key}/queries',
    access: READERS,
    id: 'experimentQueries',
    tag: 'experiments',
    summary: 'The same metrics as SQL for a warehouse over the lake, for data that outgrow one machine',
    parameters: [
      queryParameter('dialect', 'Whose SQL', { enum: [...DIALECTS.keys()], default: 'athena' }),
      queryParameter(
        'dimension',
        'Also by the value of this dimension: tenant, or one that the endpoint records',
      ),
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
      const dialect = DIALECTS.get(name)?.(analysis.lakeUris);
      if (dialect === undefined)
        throw new Problem('invalid-request', 'dialect must be athena, bigquery or duckdb');
      const registered = await registeredExperiment(request, options);
      const results = await analysis.results(registered, { detailed: false, methods: [] });
      response.json({
        dialect: name,
        queries: queriesOf(results, registered, { dialect, ...dimensionOf(request) }),
      });
    },
  };
}

function dimensionOf({ query }: Request): { dimension?: string } {
  const { dimension } = query;
  if (dimension === undefined || dimension === '') return {};
  const named = dimensionNameSchema.safeParse(dimension);
  if (!named.success)
    throw new Problem(
      'invalid-request',
      'dimension must be tenant, or the path of an attribute: device.kind',
    );
  return { dimension: named.data };
}
