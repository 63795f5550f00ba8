import createClient, { type Middleware } from 'openapi-fetch';
import type { paths } from './generated/openapi.ts';
import { ProblemError, type ProblemIssue } from './problem.ts';
import { sessionKey, signOut } from './session.ts';

const authenticate: Middleware = {
  onRequest({ request }) {
    const key = sessionKey();
    if (key !== null) request.headers.set('authorization', `Bearer ${key}`);
    return request;
  },
  onResponse({ response }) {
    // The key was revoked, or never was one: back to the door.
    if (response.status === 401) signOut();
    return undefined;
  },
};

/** The admin API, typed by its own OpenAPI document. */
export const api = createClient<paths>({ baseUrl: '/' });
api.use(authenticate);

interface Answer<Data> {
  readonly data?: Data;
  readonly error?: unknown;
  readonly response: Response;
}

/** What the API answered, or a ProblemError thrown. */
export async function unwrap<Data>(asked: Promise<Answer<Data>>): Promise<Data> {
  const { data, error, response } = await asked;
  if (response.ok) return data as Data;
  const body = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  throw new ProblemError({
    status: response.status,
    code: typeof body['code'] === 'string' ? body['code'] : `http-${response.status}`,
    detail: typeof body['detail'] === 'string' ? body['detail'] : response.statusText,
    issues: Array.isArray(body['issues']) ? (body['issues'] as ProblemIssue[]) : [],
  });
}
