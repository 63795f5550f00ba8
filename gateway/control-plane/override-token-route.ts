import { randomUUIDv7 } from 'node:crypto';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { type Issue, jsonPointer } from '../../experiments/issue.ts';
import { keySchema } from '../../experiments/key.ts';
import { suggestion } from '../../experiments/suggestion.ts';
import { OVERRIDE_HEADER, signOverride } from '../access/override-token.ts';
import { anObject, jsonBody, schemaOf } from '../http/openapi-parts.ts';
import { contextOf } from '../http/request-context.ts';
import { EXPERIMENTERS, type Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { actorOf, parsedBody } from './admin-request.ts';
import { invalidConfiguration } from './change-configuration.ts';
import type { ExperimentAdmin } from './experiment-actions.ts';
import { findOr404 } from './resource-routes.ts';

/** The last one of each tenant is kept, without the token itself, so that the audit log has them all. */
const OVERRIDE_TOKENS = 'override-tokens';

/** Which variants a tester gets, and for how long. */
const overrideRequestSchema = z.strictObject({
  variants: z
    .record(keySchema, keySchema)
    .refine((variants) => Object.keys(variants).length > 0, 'name at least 1 experiment')
    .refine((variants) => Object.keys(variants).length <= 20, 'name at most 20 experiments')
    .meta({ description: 'Experiment → variant' }),
  ttlSeconds: z.int().min(60).max(86_400).default(3_600),
});

const EXAMPLE = { variants: { 'ranker-v2': 'treatment' }, ttlSeconds: 3_600 };

/** A short-lived token with which a tester of one tenant gets variants, whatever the draw says. */
export function overrideTokenRoute(admin: ExperimentAdmin): Route {
  return {
    method: 'post',
    path: '/admin/v1/tenants/{tenant}/override-tokens',
    access: EXPERIMENTERS,
    id: 'issueOverrideToken',
    tag: 'experiments',
    summary: `Issue a token that forces variants for one tenant: sent as ${OVERRIDE_HEADER}`,
    body: jsonBody(schemaOf(overrideRequestSchema), EXAMPLE),
    answers: {
      201: anObject('The token, shown this once', {
        id: '019ab2c4-7d1e-7c3a-9f00-3f6d2a1b4c5d',
        tenant: 'acme',
        variants: EXAMPLE.variants,
        by: 'ada',
        expiresAt: '2026-11-03T09:12:00.000Z',
        token: 'eyJhbGciOiJIUzI1NiIsInR5cCI6InN3aXRjaHlhcmQtb3ZlcnJpZGUifQ.…',
      }),
    },
    problems: ['invalid-request', 'not-found', 'invalid-configuration', 'write-contention'],
    handle: (request, response) => issue(admin, request, response),
  };
}

async function issue(
  { writer, source }: ExperimentAdmin,
  request: Request<Record<string, string>>,
  response: Response,
): Promise<void> {
  const { variants, ttlSeconds } = parsedBody(overrideRequestSchema, request.body);
  const tenant = findOr404(await writer.documents(), 'tenants', request.params['tenant'] ?? '').key;
  const { current } = source;
  const tenantKey = current?.unitKeys.get(tenant);
  if (current === null || tenantKey === undefined) {
    throw new Problem('not-ready', `the key of tenant "${tenant}" is not here yet: try again shortly`);
  }
  const issues = Object.entries(variants).flatMap((named) => issueOf(named, tenant, current.snapshot) ?? []);
  if (issues.length > 0) throw invalidConfiguration(issues);
  const actor = actorOf(request);
  const expiresAt = Math.floor(contextOf(response).arrivedAt / 1_000) + ttlSeconds;
  const override = { id: randomUUIDv7(), tenant, variants, by: actor.name };
  const kept = { ...override, expiresAt: new Date(expiresAt * 1_000).toISOString() };
  await writer.change({ kind: OVERRIDE_TOKENS, key: tenant, action: 'issue', actor, next: () => kept });
  const token = await signOverride({ ...override, expiresAt }, tenantKey);
  response
    .status(201)
    .setHeader('cache-control', 'no-store')
    .json({ ...kept, token });
}

/** What is wrong with one forced variant: it must be there, and its endpoint open to the tenant. */
function issueOf([key, variant]: [string, string], tenant: string, snapshot: Snapshot): Issue | null {
  const problem = (code: string, message: string, near?: string): Issue => ({
    path: jsonPointer(['variants', key]),
    code,
    message,
    value: variant,
    ...(near === undefined ? {} : { suggestion: near }),
  });
  const registered = snapshot.experiments.get(key);
  const endpoint = snapshot.endpoints.get(registered?.experiment.endpoint ?? '');
  const isOpen = endpoint?.tenants === null || endpoint?.tenants.has(tenant) === true;
  if (registered === undefined || !isOpen) {
    const message = `there is no experiment "${key}" that tenant "${tenant}" can be in`;
    return problem('unknown-experiment', message, suggestion(key, snapshot.experiments.keys()));
  }
  const known = registered.experiment.variants.map((one) => one.key);
  if (known.includes(variant)) return null;
  const message = `experiment "${key}" has no variant "${variant}": choose ${known.join(' or ')}`;
  return problem('unknown-variant', message, suggestion(variant, known));
}
