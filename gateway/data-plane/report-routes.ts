import type { Request, RequestHandler, Response } from 'express';
import { readBody } from '../http/read-body.ts';
import { contextOf, type RequestContext } from '../http/request-context.ts';
import { acceptOutcomes } from '../pipeline/outcomes.ts';
import { acceptExposures, type TakenExposure } from '../pipeline/reported-exposures.ts';
import { Problem } from '../problems.ts';
import type { Dimensions } from '../snapshot/dimension-reader.ts';
import { registeredHoldout } from '../snapshot/registered-holdout.ts';
import type { RegisteredExperiment } from '../snapshot/snapshot.ts';
import type { DataPlane } from './data-plane.ts';
import { evaluationContext } from './evaluation-context.ts';

/** A thousand records with every field at its limit, and little context, fit in this. */
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
        dimensionsOf: (endpoint, attributes) => dimensionsFor(context, endpoint, attributes),
        append: ({ exposure, unitId }) => {
          keepReported(plane, context, { exposure, unitId });
          return plane.spool.append('exposures', exposure);
        },
      }),
    );
  };
}

/** What a client has acted on is kept like what the gateway has: under the unit's own id, which is all that is reported. */
function keepReported(
  { sticky }: DataPlane,
  context: RequestContext,
  { exposure: { experiment, variant, revision, propensityBp }, unitId }: TakenExposure,
): void {
  const compiled = context.configuration?.snapshot.compiled.get(experiment);
  if (compiled === undefined || compiled.sticky === null) return;
  const address = { draw: compiled.sticky.draw, unit: { name: compiled.experiment.unit, id: unitId } };
  sticky.keep(context, address, { variant, revision, propensityBp });
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

/** An experiment that has run, or a holdout, that the tenant may be in; what is not his is as if it were not there. */
function experimentFor({ tenant, configuration }: RequestContext, key: string): RegisteredExperiment | null {
  const snapshot = configuration?.snapshot;
  if (snapshot === undefined) return null;
  const isOpen = (name: string) => {
    const endpoint = snapshot.endpoints.get(name);
    return endpoint?.tenants === null || endpoint?.tenants.has(tenant?.key ?? '') === true;
  };
  const registered = snapshot.experiments.get(key);
  if (registered !== undefined) {
    return registered.state !== 'draft' && isOpen(registered.experiment.endpoint) ? registered : null;
  }
  const { endpoint } = snapshot.holdouts.get(key)?.value ?? {};
  return endpoint === undefined || isOpen(endpoint) ? registeredHoldout(snapshot, key) : null;
}

/** A reported context is read as that of a flag is: what is stored of the tenant stands in it whatever it says. */
function dimensionsFor(
  { tenant, configuration }: RequestContext,
  endpoint: string,
  attributes: Readonly<Record<string, unknown>>,
): Dimensions {
  const compiled = configuration?.snapshot.endpoints.get(endpoint);
  if (tenant === null || compiled === undefined) return {};
  const parameters = Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [`context.${name}`, value]),
  );
  return compiled.dimensionsOf(evaluationContext({ headers: {}, parameters, tenant, units: [] }));
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new Problem('invalid-request', 'the body is not JSON: check its syntax and encoding', { cause });
  }
}
