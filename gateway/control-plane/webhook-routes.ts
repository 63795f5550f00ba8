import type { ConfigurationStore, WebhookDelivery } from '../../experiments/store/configuration-store.ts';
import { webhookSchema } from '../catalogue/webhook.ts';
import { anObject, jsonBody } from '../http/openapi-parts.ts';
import { contextOf } from '../http/request-context.ts';
import { ADMINS, READERS, type Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import { deliverChange, type ToldChange } from '../webhooks/deliver-change.ts';
import type { SendMessage } from '../webhooks/send-message.ts';
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

interface WebhookAdmin {
  readonly writer: ConfigurationWriter;
  readonly store: ConfigurationStore;
  readonly send: SendMessage;
}

/** What a webhook has beyond being a resource: its secret, and what it was sent. */
export function webhookRoutes({ writer, store, send }: WebhookAdmin): Route[] {
  return [
    resendRoute({ writer, store, send }),
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

/** Tells a webhook of a change once more, now: under the id of the first attempt, so that it can be told apart. */
function resendRoute({ writer, store, send }: WebhookAdmin): Route {
  return {
    method: 'post',
    path: '/admin/v1/webhooks/{key}/deliveries/{id}/resend',
    access: ADMINS,
    id: 'resendWebhookDelivery',
    tag,
    summary: 'Send a delivery of the last month again, now, under the same id',
    answers: {
      200: anObject('What came of it', { ...DELIVERY, state: 'delivered', status: 204, error: null }),
    },
    problems: ['not-found'],
    handle: async (request, response) => {
      const { key = '', id = '' } = request.params;
      const webhook = webhookSchema.parse(findOr404(await writer.documents(), 'webhooks', key).value);
      const delivery = await store.webhookDelivery(key, id);
      const change = delivery && (await changeOf(store, delivery));
      if (delivery === null || change === null) {
        throw new Problem('not-found', `webhook "${key}" was sent no "${id.slice(0, 50)}" in the last month`);
      }
      const { at, result } = await deliverChange({ store, send, now: Date.now }, webhook, change);
      // One that is still retried goes on being so until it gets there by itself.
      const missed = delivery.state === 'retrying' ? delivery.state : 'failed';
      const told: WebhookDelivery = {
        ...delivery,
        state: result.ok ? 'delivered' : missed,
        attempts: delivery.attempts + 1,
        status: result.status,
        error: result.error,
        attemptedAt: new Date(at).toISOString(),
      };
      await store.recordWebhookDelivery(key, told);
      response.json(told);
    },
  };
}

/** The change that a delivery told of: `msg_<revision>_<index>`. */
async function changeOf(
  store: ConfigurationStore,
  { id, revision }: WebhookDelivery,
): Promise<ToldChange | null> {
  const index = Number(id.slice(id.lastIndexOf('_') + 1));
  const entries = await store.auditAfter({ afterRevision: revision - 1, limit: 1 });
  const entry = entries[index];
  return entry === undefined ? null : { entry, index };
}
