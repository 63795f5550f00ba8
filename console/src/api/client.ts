import createClient, { type Middleware } from 'openapi-fetch';
import type { paths } from './generated/openapi.ts';
import { ProblemError, type ProblemIssue } from './problem.ts';
import { credentials, forgetSession } from './session.ts';

const authenticate: Middleware = {
  onRequest({ request }) {
    for (const [name, value] of Object.entries(credentials())) request.headers.set(name, value);
    return request;
  },
  onResponse({ response }) {
    // The key was revoked, or the session is over: back to the door.
    if (response.status === 401) forgetSession();
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
  throw problemOf(response, error);
}

/** The same for paths that are put together: `body` is sent as JSON, and JSON, or nothing, is answered. */
export async function askJson<Data>(
  path: string,
  { method = 'GET', body }: { readonly method?: string; readonly body?: unknown } = {},
): Promise<Data> {
  const response = await fetch(path, {
    method,
    headers: { ...credentials(), 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (response.status === 401) forgetSession();
  const text = await response.text();
  const answer: unknown = text === '' ? undefined : JSON.parse(text);
  if (!response.ok) throw problemOf(response, answer);
  return answer as Data;
}

function problemOf(response: Response, error: unknown): ProblemError {
  const body = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  return new ProblemError({
    status: response.status,
    code: typeof body['code'] === 'string' ? body['code'] : `http-${response.status}`,
    detail: typeof body['detail'] === 'string' ? body['detail'] : response.statusText,
    issues: Array.isArray(body['issues']) ? (body['issues'] as ProblemIssue[]) : [],
  });
}
