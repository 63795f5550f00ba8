import type { Analysis } from '../analysis/analysis.ts';
import { READERS, type Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import { registeredHoldout } from '../snapshot/registered-holdout.ts';
import type { SnapshotSource } from '../snapshot/snapshot-source.ts';
import { FRESH_PARAMETER, LOOK_PARAMETERS, lookOf, RESULTS_ANSWER } from './results-look.ts';

/** The verdict on everything that runs together: open units against those held out. */
export function holdoutResultsRoute({
  source,
  analysis,
  ship,
}: {
  readonly source: SnapshotSource;
  readonly analysis: Analysis;
  /** Brings what is still in the spool to the lake. */
  readonly ship: () => Promise<void>;
}): Route {
  return {
    method: 'get',
    path: '/admin/v1/holdouts/{key}/results',
    access: READERS,
    id: 'holdoutResults',
    tag: 'holdouts',
    summary: 'What all experiments together have done: open units against those held out',
    parameters: [FRESH_PARAMETER, ...LOOK_PARAMETERS],
    answers: { 200: RESULTS_ANSWER },
    problems: ['invalid-request', 'not-found', 'wrong-state', 'lake-unavailable', 'analysis-busy'],
    handle: async (request, response) => {
      const key = request.params['key'] ?? '';
      const snapshot = source.current?.snapshot;
      const registered = snapshot === undefined ? null : registeredHoldout(snapshot, key);
      if (registered === null) throw new Problem('not-found', `there is no holdout "${key}"`);
      const look = lookOf(request, registered.experiment);
      if (request.query['fresh'] === 'true') await ship();
      response.json(await analysis.results(registered, look, 'holdout'));
    },
  };
}
