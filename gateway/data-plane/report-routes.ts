import type { Request, RequestHandler, Response } from 'express';
import { readBody } from '../http/read-body.ts';
import { contextOf, type RequestContext } from '../http/request-context.ts';
import { acceptOutcomes } from '../pipeline/outcomes.ts';
import { acceptExposures } from '../pipeline/reported-exposures.ts';
import { Problem } from '../problems.ts';
import type { RegisteredExperiment } from '../snapshot/snapshot.ts';
import type { DataPlane } from './data-plane.ts';

/** A thousand records with every field at its limit fit in this. */
const MAX_REPORT_BYTES = 4_194_304;
/** The spool empties as fast as the lake takes it, and is measured every second. */
const RETRY_AFTER_SECONDS = 30;

/** `POST /v1/outcomes`: what is accepted is in the spool when the answer leaves; the rest is named, one by one. */
export function outcomeRoute(plane: DataPlane): RequestHandler {
  return async (request, response) => {
    const { body, ...reporter } = await readReport(plane, request, response);
    const append = (outcome: Parameters<Parameters<typeof acceptOutcomes>[1]['append']>[0]) =>
      plane.spool.append('outcomes', outcome);
    response.json(await acceptOutcomes(body, { ...reporter, append }));
  };
}

/** `POST /v1/exposures`: as outcomes, for clients that act on assignments themselves. */
export function exposureRoute(plane: DataPlane): RequestHandler {
  return async (request, response) => {
    const { body, ...reporter } = await readReport(plane, request, response);
    const context = contextOf(response);
    response.json(
      await acceptExposures(body, {
        ...reporter,
        isTest: context.knowledge.overrides !== undefined,
        experimentOf: (key) => experimentFor(context, key),
        append: (exposure) => plane.spool.append('exposures', exposure),
      }),
    );
  };
}

/**
 * The body of a report, and who sends it. Refuses it whole while the spool is short of room: who reports can send
 * again, which a request that was answered cannot.
 */
async function readReport({ spool }: DataPlane, request: Request, response: Response) {
  const { tenant, configuration, arrivedAt } = contextOf(response);
  const tenantKey = tenant === null ? undefined : configuration?.unitKeys.get(tenant.key);
  if (tenant === null || tenantKey === undefined)
    throw new Error('a report came for a tenant without a pseudonymisation key');
  const body = await readBody(request, MAX_REPORT_BYTES);
  if (!spool.hasRoomFor('outcomes')) {
    response.setHeader('retry-after', String(RETRY_AFTER_SECONDS));
    throw new Problem('no-room', 'nothing was taken: the gateway has no room to record it, send it again');
  }
  return { body: parseJson(body), tenant: tenant.key, tenantKey, now: arrivedAt };
}

/** An experiment that has run and that the tenant may be in; what is not his is as if it were not there. */
function experimentFor({ tenant, configuration }: RequestContext, key: string): RegisteredExperiment | null {
  const registered = configuration?.snapshot.experiments.get(key);
  if (registered === undefined || registered.state === 'draft') return null;
  const endpoint = configuration?.snapshot.endpoints.get(registered.experiment.endpoint);
  const isOpen = endpoint?.tenants === null || endpoint?.tenants.has(tenant?.key ?? '');
  return isOpen ? registered : null;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new Problem('invalid-request', 'the body is not JSON: check its syntax and encoding', { cause });
  }
}
