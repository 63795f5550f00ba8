import type { ConfigurationStore } from '../../experiments/store/configuration-store.ts';
import { jsonBody } from '../http/openapi-parts.ts';
import { contextOf } from '../http/request-context.ts';
import { ADMINS, READERS, type Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import { addSecret, forgetSecrets } from '../webhooks/webhook-secrets.ts';
import { pageOf } from './admin-request.ts';
import type { ConfigurationWriter } from './change-configuration.ts';
import { findOr404, type ResourceRules } from './resource-routes.ts';
import { page, paging } from './route-parts.ts';

const tag = 'webhooks';
const DELIVERY = {
  id: 'msg_17_0',
  revision: 17,
  type: 'experiments.start',
  state: 'retrying',
  attempts: 2,
  status: 503,
  error: 'answered 503',
  attemptedAt: '2026-11-03T08:12:35.000Z',
};

/** What goes with a webhook when it is deleted: its secrets, and where it stood. */
export function webhookRules(store: ConfigurationStore): ResourceRules {
  return {
    afterDelete: async (webhook) => {
      await forgetSecrets(store, webhook);
      await store.forgetWebhook(webhook);
    },
  };
}

/** What a webhook has beyond being a resource: its secret, and what it was sent. */
export function webhookRoutes(writer: ConfigurationWriter, store: ConfigurationStore): Route[] {
  return [
    {
      method: 'post',
      path: '/admin/v1/webhooks/{key}/secret',
      access: ADMINS,
      id: 'rotateWebhookSecret',
      tag,
      summary:
        'Make a secret to sign with; it is in this answer only, and the one before signs for another day',
      answers: {
        200: {
          description: 'The secret, as libraries for Standard Webhooks take it',
          content: jsonBody({ type: 'object', required: ['secret'] }, { secret: 'whsec_…' }),
        },
      },
      problems: ['not-found'],
      handle: async (request, response) => {
        const key = request.params['key'] ?? '';
        findOr404(await writer.documents(), 'webhooks', key);
        const secret = await addSecret(store, key, contextOf(response).arrivedAt);
        response.setHeader('cache-control', 'no-store').json({ secret });
      },
    },
    {
      method: 'get',
      path: '/admin/v1/webhooks/{key}/deliveries',
      access: READERS,
      id: 'listWebhookDeliveries',
      tag,
      summary: 'What a webhook was sent in the last month, newest first, and what came of it',
      parameters: paging,
      answers: { 200: page({ type: 'object' }, DELIVERY, 'A page, newest first') },
      problems: ['invalid-request', 'not-found'],
      handle: async (request, response) => {
        const key = request.params['key'] ?? '';
        const { limit, after } = pageOf(request);
        if (after !== null && !/^\d{1,15}$/.test(after)) {
          throw new Problem('invalid-request', 'after must be the "next" of the page before');
        }
        findOr404(await writer.documents(), 'webhooks', key);
        const items = await store.webhookDeliveries(key, {
          limit,
          beforeRevision: after === null ? null : Number(after),
        });
        response.json({ items, next: items.length < limit ? null : String(items.at(-1)?.revision) });
      },
    },
  ];
}
