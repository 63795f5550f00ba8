import type { Request } from 'express';
import type { Knowledge } from '../../experiments/check.ts';
import { OVERRIDE_HEADER, readOverride } from '../access/override-token.ts';
import { Problem } from '../problems.ts';
import type { RequestContext } from './request-context.ts';

/** What a request brings beside its context: the variants that an override token forces. Throws `override-refused`. */
export async function readKnowledge(request: Request, context: RequestContext): Promise<Knowledge> {
  const token = request.headers[OVERRIDE_HEADER];
  const { tenant, configuration, arrivedAt } = context;
  const tenantKey = configuration?.unitKeys.get(tenant?.key ?? '');
  if (typeof token !== 'string' || tenant === null || tenantKey === undefined) {
    throw new Problem('override-refused', `${OVERRIDE_HEADER} must be given once, by a tenant with a key`);
  }
  const read = await readOverride(token, { tenant: tenant.key, tenantKey, now: arrivedAt });
  if (!read.ok) {
    const why =
      read.reason === 'expired'
        ? 'is over: ask for another'
        : 'was not issued for this tenant by this gateway';
    throw new Problem('override-refused', `the token in ${OVERRIDE_HEADER} ${why}`);
  }
  context.log['override'] = read.id;
  return { overrides: read.variants };
}
