import type { RequestContext } from '../http/request-context.ts';
import { Problem } from '../problems.ts';
import type { CompiledEndpoint } from '../snapshot/snapshot.ts';

/**
 * The endpoint by its key, for this tenant. One that exists for other tenants only is answered as one that does
 * not exist, so that keys cannot be sounded out.
 */
export function findEndpoint(context: RequestContext, key = ''): CompiledEndpoint {
  const endpoint = context.configuration?.snapshot.endpoints.get(key);
  const allowed = endpoint?.tenants === null || endpoint?.tenants.has(context.tenant?.key ?? '') === true;
  if (endpoint === undefined || !allowed)
    throw new Problem('not-found', `there is no endpoint "${key.slice(0, 100)}"`);
  context.log['endpoint'] = key;
  return endpoint;
}
