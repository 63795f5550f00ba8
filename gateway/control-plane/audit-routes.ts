import type { AuditEntry, ConfigurationStore } from '../../experiments/store/configuration-store.ts';
import { API_KEYS, SERVICE_KEYS } from '../catalogue/resources.ts';
import { queryParameter } from '../http/openapi-parts.ts';
import { READERS, type Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import { pageOf } from './admin-request.ts';
import { withoutDigest } from './key-routes.ts';
import { page, paging } from './route-parts.ts';

const EXAMPLE = {
  revision: 17,
  at: '2026-11-03T08:12:00.000Z',
  actor: { name: 'admin', key: 'admin-key', address: '203.0.113.7' },
  kind: 'layers',
  key: 'ranking',
  action: 'create',
  before: null,
  after: { key: 'ranking' },
};

/** `GET /admin/v1/audit`: every change of the configuration, newest first. */
export function auditRoutes(store: ConfigurationStore): Route[] {
  return [
    {
      method: 'get',
      path: '/admin/v1/audit',
      access: READERS,
      id: 'listAudit',
      tag: 'audit',
      summary: 'Every change of the configuration, newest first',
      parameters: [
        ...paging,
        queryParameter('kind', 'Only this kind of thing'),
        queryParameter('key', 'Only the thing of this key'),
      ],
      answers: { 200: page({ type: 'object' }, EXAMPLE, 'A page, newest first') },
      problems: ['invalid-request'],
      handle: async (request, response) => {
        const { limit, after } = pageOf(request);
        const { kind, key } = request.query;
        if (after !== null && !/^\d{1,15}$/.test(after)) {
          throw new Problem('invalid-request', 'after must be the "next" of the page before');
        }
        const entries = await store.audit({
          limit: limit + 1,
          ...(after === null ? {} : { beforeRevision: Number(after) }),
          ...(typeof kind === 'string' ? { kind } : {}),
          ...(typeof key === 'string' ? { key } : {}),
        });
        const items = entries.slice(0, limit).map(shownEntry);
        response.json({ items, next: entries.length > limit ? String(items.at(-1)?.revision) : null });
      },
    },
  ];
}

/** An audit entry as it is shown: of a key, everything but its digest. */
function shownEntry(entry: AuditEntry): AuditEntry {
  if (entry.kind !== API_KEYS && entry.kind !== SERVICE_KEYS) return entry;
  const { before, after } = entry;
  return { ...entry, before: before && withoutDigest(before), after: after && withoutDigest(after) };
}
