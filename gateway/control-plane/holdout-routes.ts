import { newStatus } from '../../experiments/experiment-status.ts';
import { holdoutAsExperiment } from '../../experiments/holdout.ts';
import { anObject } from '../http/openapi-parts.ts';
import { READERS, type Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import type { SnapshotSource } from '../snapshot/snapshot-source.ts';
import type { ResultsOf } from './experiment-insight-routes.ts';

const EXAMPLE = {
  experiment: 'q4-holdout',
  revision: 17,
  asOf: '2026-11-20T12:00:00.000Z',
  verdict: { decision: 'keep-running' },
};

/** The verdict on everything that runs together: open units against those held out. */
export function holdoutResultsRoute({
  source,
  resultsOf,
}: {
  readonly source: SnapshotSource;
  readonly resultsOf: ResultsOf;
}): Route {
  return {
    method: 'get',
    path: '/admin/v1/holdouts/{key}/results',
    access: READERS,
    id: 'holdoutResults',
    tag: 'holdouts',
    summary: 'What all experiments together have done: open units against those held out',
    answers: { 200: anObject('Results, as of an experiment', EXAMPLE) },
    problems: ['not-found', 'wrong-state', 'lake-unavailable', 'analysis-busy'],
    handle: async (request, response) => {
      const key = request.params['key'] ?? '';
      const holdout = source.current?.snapshot.holdouts.get(key);
      if (holdout === undefined) throw new Problem('not-found', `there is no holdout "${key}"`);
      const { value, revision } = holdout;
      const experiment = holdoutAsExperiment(value);
      const registered = { experiment, state: 'running' as const, status: newStatus(''), revision };
      response.json(await resultsOf(registered, { fresh: request.query['fresh'] === 'true' }));
    },
  };
}
