import { LIFECYCLE_ACTIONS, type LifecycleAction } from '../../experiments/lifecycle.ts';
import { EXPERIMENTS } from '../catalogue/resources.ts';
import { anObject, queryParameter, ref } from '../http/openapi-parts.ts';
import { EXPERIMENTERS, READERS, type Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import type { RegisteredExperiment } from '../snapshot/snapshot.ts';
import type { SnapshotSource } from '../snapshot/snapshot-source.ts';
import { actorOf, checkIfMatch, etagOf, representation } from './admin-request.ts';
import type { ConfigurationWriter } from './change-configuration.ts';
import { afterAction } from './experiment-rules.ts';
import { storedExample } from './resource-declarations.ts';
import { findOr404 } from './resource-routes.ts';
import { answered, ifMatch } from './route-parts.ts';

/** The verdict on one experiment; given by the composition, since it needs the lake. */
export type ResultsOf = (
  experiment: RegisteredExperiment,
  options: { readonly fresh: boolean },
) => Promise<unknown>;

export interface ExperimentRouteOptions {
  readonly writer: ConfigurationWriter;
  readonly source: SnapshotSource;
  readonly resultsOf: ResultsOf;
}

const RESULTS_EXAMPLE = {
  experiment: 'ranker-v2',
  revision: 17,
  asOf: '2026-11-20T12:00:00.000Z',
  exposures: { total: 8_412, units: 2_004, excludedUnits: 0, earlierUnits: 0 },
  verdict: { decision: 'keep-running' },
};

/** What an experiment can do beyond being a resource: its lifecycle and its results. */
export function experimentRoutes(options: ExperimentRouteOptions): Route[] {
  return [resultsRoute(options), ...LIFECYCLE_ACTIONS.map((action) => actionRoute(options.writer, action))];
}

function actionRoute(writer: ConfigurationWriter, action: LifecycleAction): Route {
  return {
    method: 'post',
    path: `/admin/v1/experiments/{key}/${action}`,
    access: EXPERIMENTERS,
    id: `${action}Experiment`,
    tag: 'experiments',
    summary: `${action[0]?.toUpperCase()}${action.slice(1)} an experiment`,
    parameters: [ifMatch({ required: false })],
    answers: { 200: answered(ref('StoredExperiment'), storedExample(EXPERIMENTS)) },
    problems: [
      'invalid-request',
      'not-found',
      'wrong-state',
      'revision-mismatch',
      'invalid-configuration',
      'write-contention',
    ],
    handle: async (request, response) => {
      const key = request.params['key'] ?? '';
      const noSuch = () => new Problem('not-found', `there is no experiment "${key}"`);
      const document = await writer.change({
        kind: 'experiments',
        key,
        action,
        actor: actorOf(request),
        next: (current) => {
          if (current === null) throw noSuch();
          checkIfMatch(request, current, { required: false });
          return afterAction({ ...current.value }, action);
        },
      });
      if (document === null) throw noSuch();
      response.setHeader('etag', etagOf(document)).json(representation(document));
    },
  };
}

function resultsRoute({ writer, source, resultsOf }: ExperimentRouteOptions): Route {
  return {
    method: 'get',
    path: '/admin/v1/experiments/{key}/results',
    access: READERS,
    id: 'experimentResults',
    tag: 'experiments',
    summary: 'The verdict on an experiment, with the numbers behind it',
    parameters: [
      queryParameter('fresh', 'true: bring what is still in the spool to the lake first', {
        type: 'boolean',
        default: false,
      }),
    ],
    answers: { 200: anObject('Results', RESULTS_EXAMPLE) },
    problems: ['not-found', 'wrong-state', 'lake-unavailable', 'analysis-busy'],
    handle: async (request, response) => {
      const key = request.params['key'] ?? '';
      findOr404(await writer.documents(), 'experiments', key);
      const registered = source.current?.snapshot.experiments.get(key);
      if (registered === undefined)
        throw new Problem('not-ready', 'the configuration in force does not hold it yet');
      response.json(await resultsOf(registered, { fresh: request.query['fresh'] === 'true' }));
    },
  };
}
