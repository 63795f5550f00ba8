import type { Request } from 'express';
import type { z } from 'zod';
import { issuesOf } from '../../experiments/issue.ts';
import type { Actor, StoredDocument } from '../../experiments/store/configuration-store.ts';
import { contextOf } from '../http/request-context.ts';
import { Problem } from '../problems.ts';

/** Who changes, by which key, from where. */
export function actorOf(request: Request): Actor {
  const principal = request.res === undefined ? null : contextOf(request.res).principal;
  if (principal === null) throw new Error('an unauthenticated request reached the control plane');
  return { name: principal.name, key: principal.key, address: request.ip ?? null };
}

/** The body by its schema, or `invalid-configuration` with every issue. */
export function parsedBody<T>(schema: z.ZodType<T>, body: unknown): T {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new Problem('invalid-request', 'the body must be a JSON object, sent as application/json');
  }
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issues = issuesOf(result.error, body);
  const first = issues[0] === undefined ? '' : `${issues[0].path}: ${issues[0].message}`;
  throw new Problem(
    'invalid-configuration',
    `${issues.length} ${issues.length === 1 ? 'issue' : 'issues'}: ${first}`,
    {
      issues,
    },
  );
}

/** `?dryRun=true`: say what a change would come to, and change nothing. */
export function isDryRun(request: Request): boolean {
  return request.query['dryRun'] === 'true';
}

/** Strong validator of a stored thing: its revision. */
export function etagOf(document: StoredDocument): string {
  return `"${document.revision}"`;
}

/**
 * `If-Match` (RFC 9110, 13.1.1) against what is stored: 428 without one where it is required, 412 when the thing
 * has changed since.
 */
export function checkIfMatch(
  request: Request,
  current: StoredDocument,
  { required }: { readonly required: boolean },
): void {
  const header = request.headers['if-match'];
  if (header === undefined) {
    if (!required) return;
    throw new Problem(
      'if-match-required',
      `send "if-match: ${etagOf(current)}" (its ETag), or "if-match: *" to overwrite`,
    );
  }
  const tags = header.split(',').map((tag) => tag.trim());
  if (tags.includes('*') || tags.includes(etagOf(current))) return;
  throw new Problem(
    'revision-mismatch',
    `it is at revision ${current.revision}, if-match says ${header}: read it again`,
  );
}

/** `If-Match` against the revision of the whole configuration, where it is given. */
export function refuseStale(request: Request, revision: number): void {
  const header = request.headers['if-match'];
  if (header === undefined || header === '*' || header === `"${revision}"`) return;
  throw new Problem(
    'revision-mismatch',
    `the configuration is at revision ${revision}, if-match says ${header}: look at the changes again`,
  );
}

/** How a stored thing looks to a client of the admin API. */
export function representation(document: StoredDocument): Record<string, unknown> {
  const { value, revision, createdAt, updatedAt } = document;
  return { ...value, revision, createdAt, updatedAt };
}

export interface Page {
  readonly limit: number;
  readonly after: string | null;
}

/** `?limit=` (1–500, default 100) and `?after=` (a cursor from the page before). */
export function pageOf(request: Request): Page {
  const { limit = '100', after } = request.query;
  const parsed = Number(limit);
  if (typeof limit !== 'string' || !Number.isInteger(parsed) || parsed < 1 || parsed > 500) {
    throw new Problem(
      'invalid-request',
      `limit is ${JSON.stringify(limit)}: it must be a whole number from 1 to 500`,
    );
  }
  if (after !== undefined && typeof after !== 'string') {
    throw new Problem('invalid-request', 'after must be given once, as the "next" of the page before');
  }
  return { limit: parsed, after: after ?? null };
}
