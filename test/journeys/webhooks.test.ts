import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

let gateway: TestGateway;
let receiver: WebhookReceiver;

beforeAll(async () => {
  receiver = await startWebhookReceiver();
  gateway = await startTestGateway({ WEBHOOKS_ALLOW_PRIVATE: 'true' });
});

afterAll(async () => {
  await gateway.stop();
  await receiver.stop();
});

describe('a registered webhook', () => {
  it('is told of changes, signed, without secrets, and its deliveries can be looked at', async () => {
    const webhook = await gateway.register('/webhooks', {
      key: 'chat',
      url: receiver.url,
      kinds: ['keys', 'tenants'],
    });
    expect(webhook.body).not.toHaveProperty('secret');
    const { body: made } = await gateway.register('/webhooks/chat/secret', {});
    await gateway.tenant('acme');
    await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBe(2);
    const payloads = receiver.received.map(({ body, headers }) =>
      new Webhook(made.secret).verify(body, headers),
    );
    expect(payloads).toMatchObject([
      { type: 'tenants.create' },
      { type: 'keys.create', data: { actor: { key: 'admin-key' } } },
    ]);
    expect(JSON.stringify(payloads)).not.toContain('digest');

    const list = () => gateway.admin('GET', '/webhooks/chat/deliveries?limit=1');
    await expect.poll(async () => (await list()).body.items[0]?.type, { timeout: 5_000 }).toBe('keys.create');
    const { body: first } = await list();
    const { body: second } = await gateway.admin(
      'GET',
      `/webhooks/chat/deliveries?limit=1&after=${first.next}`,
    );
    expect([...first.items, ...second.items]).toMatchObject([
      { type: 'keys.create', state: 'delivered', status: 204, attempts: 1 },
      { type: 'tenants.create', state: 'delivered' },
    ]);

    const [{ id }] = first.items;
    const resend = (delivery: string) =>
      gateway.admin('POST', `/webhooks/chat/deliveries/${delivery}/resend`);
    expect(await resend(id)).toMatchObject({ status: 200, body: { id, state: 'delivered', attempts: 2 } });
    const [, original, again] = receiver.received;
    expect(again?.headers['webhook-id']).toBe(original?.headers['webhook-id']);
    expect(new Webhook(made.secret).verify(again?.body ?? '', again?.headers ?? {})).toEqual(payloads[1]);
    receiver.answer(500);
    expect((await resend(id)).body).toMatchObject({ state: 'failed', attempts: 3, error: 'answered 500' });
    expect((await list()).body.items[0]).toMatchObject({ id, state: 'failed', attempts: 3 });
    expect((await resend('msg_1_0')).status).toBe(404);

    await gateway.admin('DELETE', '/webhooks/chat', undefined, { 'if-match': '*' });
    expect(await gateway.admin('GET', '/webhooks/chat/deliveries')).toMatchObject({ status: 404 });
    expect(await gateway.admin('POST', '/webhooks/chat/secret', {})).toMatchObject({ status: 404 });
  });
});
