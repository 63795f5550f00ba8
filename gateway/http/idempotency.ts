import type { NextFunction, Request, Response } from 'express';
import type {
  Begun,
  IdempotencyTimes,
  RememberedAnswer,
} from '../../experiments/store/configuration-store.ts';
import { digestOf } from '../access/key-digest.ts';
import { Problem } from '../problems.ts';
import { headerParameter } from './openapi-parts.ts';
import { contextOf } from './request-context.ts';
import type { Route } from './route.ts';

const TIMES: IdempotencyTimes = { ttlMs: 24 * 60 * 60_000, lostAfterMs: 60_000 };
const REMEMBERED_HEADERS = ['etag', 'location'];

/** Where answers are remembered, for every gateway. */
interface IdempotencyStore {
  beginOnce(id: string, fingerprint: string, times: IdempotencyTimes): Promise<Begun>;
  rememberAnswer(id: string, answer: RememberedAnswer, times: IdempotencyTimes): Promise<void>;
  forgetOnce(id: string): Promise<void>;
}

/**
 * Lets a client repeat a POST of the control plane safely: with the same `Idempotency-Key` and body it gets the same
 * answer within a day, and nothing is done twice. Only success is remembered: what failed may be tried again.
 */
export function idempotent(route: Route, store: IdempotencyStore): Route {
  if (route.method !== 'post' || route.access.kind !== 'roles') return route;
  return {
    ...route,
    parameters: [
      ...(route.parameters ?? []),
      headerParameter(
        'Idempotency-Key',
        'Chosen by the client, 1–255 characters: a repetition gets the first answer',
      ),
    ],
    problems: [
      ...(route.problems ?? []),
      'idempotency-key-reused',
      'idempotency-under-way',
      'secret-not-repeated',
    ],
    handle: async (request, response, next) => {
      const header = request.headers['idempotency-key'];
      if (header === undefined) return route.handle(request, response, next);
      return once(route, store, { id: idOf(header, response), request, response, next });
    },
  };
}

interface Exchange {
  readonly id: string;
  readonly request: Request<Record<string, string>>;
  readonly response: Response;
  readonly next: NextFunction;
}

async function once(
  route: Route,
  store: IdempotencyStore,
  { id, request, response, next }: Exchange,
): Promise<void> {
  const fingerprint = digestOf(
    `${request.method} ${request.originalUrl}\n${JSON.stringify(request.body ?? null)}`,
  );
  const begun = await store.beginOnce(id, fingerprint, TIMES);
  if (begun.kind !== 'new') return repeat(begun, response);
  const json = response.json.bind(response);
  response.json = (body: unknown) => {
    const answer = remembered(response, body);
    store.rememberAnswer(id, answer, TIMES).then(() => json(body), next);
    return response;
  };
  try {
    await route.handle(request, response, next);
  } catch (error) {
    response.json = json;
    await store.forgetOnce(id);
    throw error;
  }
}

/** Whose key it is counts: nobody can ask for an answer that was given to somebody else. */
function idOf(header: string | string[], response: Response): string {
  const { principal } = contextOf(response);
  if (typeof header !== 'string' || header.length < 1 || header.length > 255) {
    throw new Problem('invalid-request', 'idempotency-key must be given once, with 1–255 characters');
  }
  return digestOf(JSON.stringify([principal?.key, principal?.name, header]));
}

function remembered(response: Response, body: unknown): RememberedAnswer {
  const headers = REMEMBERED_HEADERS.flatMap((name) => {
    const value = response.getHeader(name);
    return value === undefined ? [] : [[name, String(value)] as const];
  });
  const secret = response.getHeader('cache-control') === 'no-store';
  return {
    status: response.statusCode,
    headers: Object.fromEntries(headers),
    body: secret ? null : JSON.stringify(body),
  };
}

function repeat(begun: Exclude<Begun, { kind: 'new' }>, response: Response): void {
  switch (begun.kind) {
    case 'other-request':
      throw new Problem(
        'idempotency-key-reused',
        'this idempotency-key came with another request: choose a new one',
      );
    case 'under-way':
      throw new Problem(
        'idempotency-under-way',
        'the first request with this idempotency-key is under way: wait',
        {
          retryAfterSeconds: 1,
        },
      );
    case 'answered': {
      const { status, headers, body } = begun.answer;
      if (body === null) {
        throw new Problem(
          'secret-not-repeated',
          'it was done; its answer held a secret, which is given once: rotate it',
        );
      }
      response.status(status).set(headers).set('idempotency-replayed', 'true').type('json').send(body);
    }
  }
}
