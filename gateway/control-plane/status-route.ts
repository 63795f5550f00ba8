import { anObject } from '../http/openapi-parts.ts';
import { READERS, type Route } from '../http/route.ts';
import type { SnapshotSource } from '../snapshot/snapshot-source.ts';

const EXAMPLE = {
  state: 'invalid',
  revision: 42,
  rejected: [
    {
      resource: 'experiments/ranker-v2',
      path: '/variants/0/weight',
      code: 'invalid-type',
      message: 'Invalid input: expected number, received string',
    },
  ],
};

/** Whether this gateway serves what is stored, and if not, why. */
export function statusRoute(source: SnapshotSource): Route {
  return {
    method: 'get',
    path: '/admin/v1/status',
    access: READERS,
    id: 'configurationStatus',
    tag: 'configuration',
    summary: 'Whether this gateway serves what is stored, and what it had to leave as it was',
    answers: {
      200: anObject(
        'fresh; or database-away; or invalid, with what is stored and not served as it is',
        EXAMPLE,
      ),
    },
    handle: (_request, response) => {
      const { freshness: state, current, rejected } = source;
      response.json({ state, revision: current?.revision ?? null, rejected });
    },
  };
}
