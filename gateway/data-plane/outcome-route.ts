import type { RequestHandler } from 'express';
import { readBody } from '../http/read-body.ts';
import { contextOf } from '../http/request-context.ts';
import { acceptOutcomes } from '../pipeline/outcomes.ts';
import { Problem } from '../problems.ts';
import type { DataPlane } from './infer-route.ts';

/** A thousand outcomes with every field at its limit fit in this. */
const MAX_OUTCOMES_BYTES = 4_194_304;

/** `POST /v1/outcomes`: what is accepted is in the spool when the answer leaves; the rest is named, one by one. */
export function outcomeRoute({ spool }: DataPlane): RequestHandler {
  return async (request, response) => {
    const { tenant, configuration, arrivedAt } = contextOf(response);
    const unitKey = tenant === null ? undefined : configuration?.unitKeys.get(tenant.key);
    if (tenant === null || unitKey === undefined)
      throw new Error('an outcome came for a tenant without a pseudonymisation key');
    const body = await readBody(request, MAX_OUTCOMES_BYTES);
    const result = await acceptOutcomes(parseJson(body), {
      tenant: tenant.key,
      tenantKey: unitKey,
      now: arrivedAt,
      append: (outcome) => spool.append('outcomes', outcome),
    });
    response.json(result);
  };
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new Problem('invalid-request', 'the body is not JSON: check its syntax and encoding', { cause });
  }
}
