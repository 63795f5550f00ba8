import type { Request } from 'express';
import { z } from 'zod';
import { readBody } from '../http/read-body.ts';
import { Problem } from '../problems.ts';

const MAX_BYTES = 262_144;

const contextSchema = z
  .looseObject({
    targetingKey: z.string().min(1).max(256).optional(),
  })
  .default({});

/** The context of an evaluation, and the bytes it came in. */
export interface FlagRequest {
  readonly targetingKey: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly bytes: Buffer;
}

/** Reads the body of an evaluation. Throws `flag-request` problems with the error codes of the protocol. */
export async function readFlagRequest(request: Request, key?: string): Promise<FlagRequest> {
  const bytes = await readBody(request, MAX_BYTES);
  const body = bytes.length === 0 ? {} : parsed(bytes, key);
  const context = contextSchema.safeParse((body as { readonly context?: unknown }).context);
  if (!context.success) {
    const { path = [], message = '' } = context.error.issues[0] ?? {};
    throw flagProblem(
      'INVALID_CONTEXT',
      `context${path.map((part) => `.${String(part)}`).join('')}: ${message}`,
      key,
    );
  }
  const { targetingKey, ...attributes } = context.data;
  return { targetingKey, attributes, bytes };
}

/** A refused evaluation: problem details that say the same in the protocol's own words. */
export function flagProblem(errorCode: string, errorDetails: string, key?: string): Problem {
  return new Problem(errorCode === 'FLAG_NOT_FOUND' ? 'not-found' : 'invalid-context', errorDetails, {
    members: { ...(key === undefined ? {} : { key }), errorCode, errorDetails },
  });
}

function parsed(bytes: Buffer, key: string | undefined): object {
  try {
    const body: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw flagProblem('PARSE_ERROR', 'the body is not a JSON object: check its syntax and encoding', key);
}
