import { once } from 'node:events';
import type { Request, Response } from 'express';
import type { ConfigurationStore } from '../../experiments/store/configuration-store.ts';
import { queryParameter } from '../http/openapi-parts.ts';
import { READERS, type Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import { pageOf } from './admin-request.ts';
import { page, paging } from './route-parts.ts';
import { shownEntry } from './shown-entry.ts';

const EXPORT_PAGE = 200;
const NDJSON = 'application/x-ndjson';

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

/** Every change of the configuration: in pages, newest first, and as a whole, oldest first. */
export function auditRoutes(store: ConfigurationStore): Route[] {
  const common = { method: 'get' as const, access: READERS, tag: 'audit' };
  return [
    {
      ...common,
      path: '/admin/v1/audit',
      id: 'listAudit',
      summary: 'Every change of the configuration, newest first',
      parameters: [
        ...paging,
        queryParameter('kind', 'Only this kind of thing'),
        queryParameter('key', 'Only the thing of this key'),
      ],
      answers: {
        200: page({ type: 'object' }, EXAMPLE, 'A page, newest first; changes made as one are never parted'),
      },
      problems: ['invalid-request'],
      handle: async (request, response) => {
        const { limit, after } = pageOf(request);
        const { kind, key } = request.query;
        const entries = await store.audit({
          limit: limit + 1,
          ...(after === null ? {} : { beforeRevision: revisionOf(after) }),
          ...(typeof kind === 'string' ? { kind } : {}),
          ...(typeof key === 'string' ? { key } : {}),
        });
        const revisions = [...new Set(entries.map(({ revision }) => revision))];
        const last = revisions.length > limit ? revisions.at(limit - 1) : undefined;
        const items = entries
          .filter(({ revision }) => last === undefined || revision >= last)
          .map(shownEntry);
        response.json({ items, next: last === undefined ? null : String(last) });
      },
    },
    {
      ...common,
      path: '/admin/v1/audit/export',
      id: 'exportAudit',
      summary: 'The audit log, oldest first, a JSON object a line',
      parameters: [queryParameter('after', 'Only what came after this revision')],
      answers: {
        200: {
          description: 'All of it, or what came after',
          content: { [NDJSON]: { schema: { type: 'string' }, example: `${JSON.stringify(EXAMPLE)}\n` } },
        },
      },
      problems: ['invalid-request'],
      handle: (request, response) => exportAudit(store, request, response),
    },
  ];
}

async function exportAudit(store: ConfigurationStore, request: Request, response: Response): Promise<void> {
  const { after = '0' } = request.query;
  let afterRevision = revisionOf(after);
  for (;;) {
    const entries = await store.auditAfter({ afterRevision, limit: EXPORT_PAGE });
    if (!response.headersSent) response.status(200).type(NDJSON);
    const last = entries.at(-1);
    if (last === undefined || response.destroyed) break;
    const text = entries.map((entry) => `${JSON.stringify(shownEntry(entry))}\n`).join('');
    if (!response.write(text)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
    afterRevision = last.revision;
  }
  response.end();
}

function revisionOf(after: unknown): number {
  if (typeof after === 'string' && /^\d{1,15}$/.test(after)) return Number(after);
  throw new Problem('invalid-request', 'after must be a revision: the "next" of the page before');
}
