import { randomBytes } from 'node:crypto';
import type { ConfigurationStore } from '../../experiments/store/configuration-store.ts';
import { TENANTS } from '../catalogue/resources.ts';
import { ref } from '../http/openapi-parts.ts';
import type { Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import { TENANT_SECRET_PREFIX } from '../snapshot/known-configuration.ts';
import { actorOf, checkIfMatch, etagOf, representation } from './admin-request.ts';
import type { ConfigurationWriter } from './change-configuration.ts';
import { storedExample } from './resource-declarations.ts';
import { findOr404 } from './resource-routes.ts';
import { answered, ifMatch } from './route-parts.ts';

/** A new key for the pseudonyms of a tenant's units, hex. */
export const newUnitKey = () => randomBytes(32).toString('hex');

/**
 * Replaces the key under which a tenant's unit ids are pseudonyms. What was recorded under the old one can be led
 * back to no id any more, by nobody; the tenant stays, and its units count as new ones from here on.
 */
export function eraseUnitsRoute(writer: ConfigurationWriter, store: ConfigurationStore): Route {
  return {
    method: 'post',
    path: '/admin/v1/tenants/{key}/erase-units',
    access: { kind: 'roles', roles: [] },
    id: 'eraseTenantUnits',
    tag: 'tenants',
    summary: "Make a tenant's recorded units unlinkable for good, by a new key for their pseudonyms",
    parameters: [ifMatch({ required: false })],
    answers: { 200: answered(ref('StoredTenant'), storedExample(TENANTS)) },
    problems: ['not-found', 'revision-mismatch', 'write-contention'],
    handle: async (request, response) => {
      const key = request.params['key'] ?? '';
      const noSuch = () => new Problem('not-found', `there is no tenant "${key}"`);
      checkIfMatch(request, findOr404(await writer.documents(), 'tenants', key), { required: false });
      // First the key: if this process ends before the change is committed, gateways have it when they next read everything.
      await store.replaceSecret(TENANT_SECRET_PREFIX + key, newUnitKey());
      await store.forgetAssignments(key);
      const document = await writer.change({
        kind: 'tenants',
        key,
        action: 'erase-units',
        actor: actorOf(request),
        next: (current) => {
          if (current === null) throw noSuch();
          return { ...current.value };
        },
      });
      if (document === null) throw noSuch();
      response.setHeader('etag', etagOf(document)).json(representation(document));
    },
  };
}
