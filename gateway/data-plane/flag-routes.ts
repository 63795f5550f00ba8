import type { Request, Response } from 'express';
import type { Assignment, Enrolled, EvaluationContext } from '../../experiments/assignment.ts';
import { digestOf } from '../access/key-digest.ts';
import { headerParameter, jsonBody, queryParameter } from '../http/openapi-parts.ts';
import { contextOf, type RequestContext } from '../http/request-context.ts';
import { OPEN, type Route, tenantKey } from '../http/route.ts';
import { Problem } from '../problems.ts';
import type { Flag } from '../snapshot/snapshot.ts';
import type { SnapshotSource } from '../snapshot/snapshot-source.ts';
import { evaluationOf, recordEvaluation } from '../telemetry/record-evaluation.ts';
import type { ConfigurationEvents } from './configuration-events.ts';
import type { DataPlane } from './data-plane.ts';
import { evaluateFlag } from './evaluate-flag.ts';
import { evaluationContext } from './evaluation-context.ts';
import { type FlagRequest, flagProblem, readFlagRequest } from './flag-request.ts';
import { OVERRIDE } from './open-inference-routes.ts';
import { planAttempts } from './plan-attempts.ts';
import { recordExposures } from './record-exposures.ts';
import { holdoutAssignments } from './side-assignments.ts';
import { streamToken, tenantOfStream } from './stream-token.ts';

export interface FlagPlane extends DataPlane {
  readonly source: SnapshotSource;
  readonly events: ConfigurationEvents;
}

const STREAM_PATH = '/ofrep/v1/events';
const INACTIVITY_SECONDS = 120;
const tag = 'flags';
const REQUEST = { context: { targetingKey: 'user-42', plan: 'pro' } };
const EVALUATION = {
  key: 'new-checkout',
  reason: 'SPLIT',
  variant: 'treatment',
  value: true,
  metadata: { experiment: 'new-checkout', revision: 17, unit: 'user', assignment: 'enrolled' },
};
const STREAM = {
  type: 'sse',
  endpoint: { requestUri: `${STREAM_PATH}?token=…` },
  inactivityDelaySec: INACTIVITY_SECONDS,
};

/** The OpenFeature Remote Evaluation Protocol: every experiment that has begun is a flag. */
export function flagRoutes(plane: FlagPlane): Route[] {
  const body = jsonBody({ type: 'object', properties: { context: { type: 'object' } } }, REQUEST);
  return [
    {
      method: 'post',
      path: '/ofrep/v1/evaluate/flags/{key}',
      access: tenantKey('flags'),
      id: 'evaluateFlag',
      tag,
      summary: 'One flag for one context; this is a use of it, so an exposure is recorded',
      parameters: [OVERRIDE],
      body,
      answers: { 200: { description: 'The evaluation', content: jsonBody({ type: 'object' }, EVALUATION) } },
      problems: ['not-found', 'invalid-context', 'body-too-large', 'unsupported-media-type'],
      handle: (request, response) => evaluateOne(plane, request, response),
    },
    {
      method: 'post',
      path: '/ofrep/v1/evaluate/flags',
      access: tenantKey('flags'),
      id: 'evaluateFlags',
      tag,
      summary: 'Every flag for one context; no exposures: report those of the flags that are used',
      parameters: [
        OVERRIDE,
        headerParameter('If-None-Match', 'ETag of the evaluation that is known: 304 while it still holds'),
        queryParameter('flagConfigEtag', 'What an event said: evaluate by this configuration or a later one'),
      ],
      body,
      answers: {
        200: {
          description: 'The evaluations, and where to hear of changes',
          headers: { ETag: { description: 'Covers configuration and context', schema: { type: 'string' } } },
          content: jsonBody({ type: 'object' }, { flags: [EVALUATION], eventStreams: [STREAM] }),
        },
        304: { description: 'The evaluations that are known still hold' },
      },
      problems: ['invalid-context', 'body-too-large', 'unsupported-media-type'],
      handle: (request, response) => evaluateAll(plane, request, response),
    },
    {
      method: 'get',
      path: STREAM_PATH,
      access: OPEN,
      id: 'flagEvents',
      tag,
      summary:
        'Hear of changes of the configuration, at the address that an evaluation gave (server-sent events)',
      parameters: [queryParameter('token', 'From the evaluation')],
      answers: {
        200: {
          description: 'Events, as long as both sides like',
          content: { 'text/event-stream': { example: 'data: {"type":"refetchEvaluation","etag":"18"}\n\n' } },
        },
      },
      problems: ['not-found', 'not-ready'],
      handle: (request, response) => {
        const { arrivedAt } = contextOf(response);
        const unitKeys = plane.source.current?.unitKeys ?? new Map();
        const { token } = request.query;
        if (typeof token !== 'string' || tenantOfStream(token, unitKeys, arrivedAt) === null) {
          throw new Problem('not-found', 'this address is over: evaluate the flags again for another');
        }
        plane.events.add(response);
      },
    },
  ];
}

async function evaluateOne(
  plane: FlagPlane,
  request: Request<Record<string, string>>,
  response: Response,
): Promise<void> {
  const context = contextOf(response);
  const key = request.params['key'] ?? '';
  const asked = await readFlagRequest(request, key);
  const flag = context.configuration?.snapshot.flags.get(key);
  if (flag === undefined || !isVisible(flag, context)) {
    throw flagProblem('FLAG_NOT_FOUND', `there is no flag "${key.slice(0, 100)}"`, key);
  }
  const evaluated = contextFor([flag], asked, context);
  await plane.sticky.learn(context, flag.sticky, evaluated);
  const { evaluation, assignment } = evaluateFlag(flag, evaluated, context.knowledge);
  recordEvaluation(context.span, evaluationOf(assignment));
  if ('errorCode' in evaluation) throw flagProblem(evaluation.errorCode, evaluation.errorDetails, key);
  context.log['flag'] = key;
  context.dimensions = flag.endpoint.dimensionsOf(evaluated);
  if (flag.compiled.state === 'running') {
    const beside = holdoutAssignments(flag.endpoint, evaluated);
    await expose(plane, context, { flag, assignment, beside });
  }
  response.json(evaluation);
}

/** A value that is handed out is a use of the assignment: no target is asked, and none can fail. */
function expose(
  plane: FlagPlane,
  context: RequestContext,
  {
    flag: { endpoint },
    assignment,
    beside,
  }: { readonly flag: Flag; readonly assignment: Assignment; readonly beside: readonly Enrolled[] },
): Promise<void> {
  return recordExposures(plane, context, {
    endpoint: endpoint.endpoint.key,
    assignment,
    beside,
    assigned: planAttempts(assignment, endpoint).assigned,
    target: null,
    attempts: 0,
    cost: null,
    status: 200,
    error: null,
  });
}

async function evaluateAll(plane: FlagPlane, request: Request, response: Response): Promise<void> {
  const context = contextOf(response);
  const asked = await readFlagRequest(request);
  await catchUp(plane.source, context, request.query['flagConfigEtag']);
  const { tenant, configuration } = context;
  if (tenant === null || configuration === null)
    throw new Error('an unauthenticated request reached the flags');
  const flags = [...configuration.snapshot.flags.values()].filter((flag) => isVisible(flag, context));
  const evaluated = contextFor(flags, asked, context);
  await plane.sticky.learn(context, [...new Set(flags.flatMap(({ sticky }) => sticky))], evaluated);
  const { overrides = [], kept = [] } = context.knowledge;
  const known = JSON.stringify([...overrides, ...kept]);
  const covered = [configuration.snapshot.revision, tenant.key, known, asked.bytes.toString('utf8')];
  const etag = `"${digestOf(covered.join('\n'))}"`;
  response.setHeader('etag', etag).setHeader('cache-control', 'private, no-cache');
  if (request.headers['if-none-match'] === etag) {
    response.status(304).end();
    return;
  }
  const unitKey = configuration.unitKeys.get(tenant.key);
  response.json({
    flags: flags.map((flag) => evaluateFlag(flag, evaluated, context.knowledge).evaluation),
    ...(unitKey === undefined
      ? {}
      : { eventStreams: [streamOf(streamToken(tenant.key, unitKey, context.arrivedAt))] }),
  });
}

function streamOf(token: string): Record<string, unknown> {
  return {
    type: 'sse',
    endpoint: { requestUri: `${STREAM_PATH}?token=${encodeURIComponent(token)}` },
    inactivityDelaySec: INACTIVITY_SECONDS,
  };
}

/** An event may have come from a gateway that is ahead of this one. */
async function catchUp(source: SnapshotSource, context: RequestContext, etag: unknown): Promise<void> {
  const revision = context.configuration?.revision ?? 0;
  if (typeof etag !== 'string' || !/^\d{1,15}$/.test(etag) || Number(etag) <= revision) return;
  await source.refresh();
  context.configuration = source.current;
}

/** As for endpoints: what is not for this tenant is as if it were not there. */
function isVisible({ endpoint }: Flag, { tenant }: RequestContext): boolean {
  return endpoint.tenants === null || endpoint.tenants.has(tenant?.key ?? '');
}

/** The targeting key is shorthand for the id of whatever the flags' experiments randomise. */
function contextFor(
  flags: readonly Flag[],
  asked: FlagRequest,
  { tenant }: RequestContext,
): EvaluationContext {
  if (tenant === null) throw new Error('an unauthenticated request reached the flags');
  const units = new Set(
    flags.map(({ compiled }) => compiled.experiment.unit).filter((unit) => unit !== 'tenant'),
  );
  return evaluationContext({
    headers: {},
    parameters: Object.fromEntries([
      ...Object.entries(asked.attributes).map(([name, value]) => [`context.${name}`, value]),
      ...(asked.targetingKey === undefined ? [] : [['unit_id', asked.targetingKey]]),
    ]),
    tenant,
    units: [...units],
  });
}
