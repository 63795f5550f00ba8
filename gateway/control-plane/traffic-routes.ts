import { anObject, queryParameter } from '../http/openapi-parts.ts';
import { contextOf } from '../http/request-context.ts';
import { READERS, type Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import type { Targets } from '../targets/targets.ts';
import type { AnalysisRouteOptions } from './analysis-route-options.ts';
import { numberOf } from './query-numbers.ts';

const TRAFFIC_EXAMPLE = {
  from: '2026-11-19T12:00:00.000Z',
  to: '2026-11-20T12:00:00.000Z',
  experiments: [{ experiment: 'ranker-v2', exposures: [310, 298, 341] }],
  targets: [
    {
      target: 'ranker-v2-gcp',
      cloud: 'gcp',
      region: 'europe-west3',
      calls: 4_210,
      failed: 3,
      latencyMs: { p50: 8.1, p95: 21.4 },
      cost: null,
    },
  ],
  shadows: [
    {
      endpoint: 'movie-ranking',
      target: 'ranker-v3-aws',
      calls: 412,
      failed: 0,
      same: 398,
      different: 14,
      distance: 0.02,
      overlap: 0.97,
      p95Ms: 19.2,
      sample: null,
    },
  ],
};
const STATE_EXAMPLE = {
  target: 'ranker-v2-gcp',
  ready: true,
  circuitOpen: false,
  model: { name: 'movie-ranker' },
};

interface TrafficRouteOptions extends Pick<AnalysisRouteOptions, 'analysis' | 'source'> {
  readonly targets: Targets;
}

/** How things go now: what the last hours left in the lake, and what a target says when it is asked. */
export function trafficRoutes(options: TrafficRouteOptions): Route[] {
  return [trafficRoute(options), targetStateRoute(options)];
}

function trafficRoute({ analysis }: TrafficRouteOptions): Route {
  return {
    method: 'get',
    path: '/admin/v1/traffic',
    access: READERS,
    id: 'recentTraffic',
    tag: 'operations',
    summary: 'Traffic by experiment, latency and errors by target, differences by shadow, of the last hours',
    parameters: [queryParameter('hours', 'How far back, 1–168', { type: 'number', default: 24 })],
    answers: {
      200: anObject(
        'What the lake holds of it; what gateways have not shipped yet is missing',
        TRAFFIC_EXAMPLE,
      ),
    },
    problems: ['invalid-request', 'lake-unavailable'],
    handle: async (request, response) => {
      response.json(await analysis.traffic(numberOf(request, 'hours', { fallback: 24, within: [1, 168] })));
    },
  };
}

function targetStateRoute({ source, targets }: TrafficRouteOptions): Route {
  return {
    method: 'get',
    path: '/admin/v1/targets/{key}/state',
    access: READERS,
    id: 'targetState',
    tag: 'targets',
    summary: 'Whether a target answers now, as the gateway that is asked sees it',
    answers: {
      200: anObject(
        'The metadata of its model, null where it gives none in two seconds; a plain HTTP host has none',
        STATE_EXAMPLE,
      ),
    },
    problems: ['not-found'],
    handle: async (request, response) => {
      const key = request.params['key'] ?? '';
      const target = source.current?.snapshot.targets.get(key);
      if (target === undefined) throw new Problem('not-found', `there is no target "${key}"`);
      const model = await targets.metadata(target, contextOf(response).requestId);
      response.json({
        target: key,
        ready: target.kind === 'http' ? null : model !== null,
        circuitOpen: targets.breakers.isOpen(key),
        model,
      });
    },
  };
}
