import type { Analysis } from '../analysis/analysis.ts';
import { anObject } from '../http/openapi-parts.ts';
import { READERS, type Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import { registeredHoldout } from '../snapshot/registered-holdout.ts';
import type { SnapshotSource } from '../snapshot/snapshot-source.ts';

const EXAMPLE = {
  experiment: 'q4-holdout',
  revision: 17,
  asOf: '2026-11-20T12:00:00.000Z',
  verdict: {
    decision: 'ship',
    variant: null,
    sentence:
      'What runs together helps: spend is 3.1% higher in open than in held-out (always-valid interval 1.2% to 5.0%), and no guardrail is breached.',
  },
};

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
    answers: { 200: anObject('Results, as of an experiment', EXAMPLE) },
    problems: ['not-found', 'wrong-state', 'lake-unavailable', 'analysis-busy'],
    handle: async (request, response) => {
      const key = request.params['key'] ?? '';
      const snapshot = source.current?.snapshot;
      const registered = snapshot === undefined ? null : registeredHoldout(snapshot, key);
      if (registered === null) throw new Problem('not-found', `there is no holdout "${key}"`);
      if (request.query['fresh'] === 'true') await ship();
      response.json(await analysis.results(registered, { detailed: false, methods: [] }, 'holdout'));
    },
  };
}
