import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import { ClientProviderEvents, type Provider, OpenFeature as WebOpenFeature } from '@openfeature/web-sdk';
import { EventSource } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { registerFlag, registerFlagEndpoint } from '../support/flags.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';

let gateway: TestGateway;
let options: { readonly baseUrl: string; readonly headers: [string, string][] };

beforeAll(async () => {
  // A browser has it; Node has it in undici.
  vi.stubGlobal('EventSource', EventSource);
  gateway = await startTestGateway();
  const { secret } = await gateway.tenant('acme');
  options = { baseUrl: gateway.url, headers: [['authorization', `Bearer ${secret}`]] };
  await registerFlagEndpoint(gateway, { parameters: { text: 'everyone' } });
  await registerFlag(gateway, 'checkout', { values: [{ value: false }, { value: true }] });
  await registerFlag(gateway, 'banner', {
    values: [
      { text: 'a', size: 1 },
      { text: 'b', size: 2 },
    ],
    weights: [0, 10_000],
    audience: { plan: 'pro' },
  });
});

afterAll(async () => {
  await OpenFeature.close();
  await WebOpenFeature.close();
  await gateway.stop();
  vi.unstubAllGlobals();
});

describe("OpenFeature's server SDK, through the published OFREP provider", () => {
  beforeAll(() => OpenFeature.setProviderAndWait(new OFREPProvider(options)));

  it('gets booleans, texts and objects, with variant and reason', async () => {
    const client = OpenFeature.getClient();
    const details = await client.getBooleanDetails('checkout', false, { targetingKey: 'u1' });
    expect(details).toMatchObject({ reason: 'SPLIT', value: details.variant === 'v1' });
    expect(details.flagMetadata).toMatchObject({ experiment: 'checkout', unit: 'user' });
    const pro = { targetingKey: 'u1', plan: 'pro' };
    expect(await client.getObjectDetails('banner', {}, pro)).toMatchObject({
      reason: 'TARGETING_MATCH',
      variant: 'v1',
      value: { text: 'b', size: 2 },
    });
    expect(await client.getObjectDetails('banner', {}, { targetingKey: 'u1' })).toMatchObject({
      reason: 'DEFAULT',
      value: { text: 'everyone' },
    });
  });

  it('agrees with itself about every user, and splits them', async () => {
    const client = OpenFeature.getClient();
    const values = await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        client.getBooleanValue('checkout', false, { targetingKey: `u${n}` }),
      ),
    );
    const again = await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        client.getBooleanValue('checkout', true, { targetingKey: `u${n}` }),
      ),
    );
    expect(again).toEqual(values);
    expect(new Set(values).size).toBe(2);
  });

  it.each([
    ['nothing', { targetingKey: 'u1' }, 'FLAG_NOT_FOUND'],
    ['checkout', {}, 'TARGETING_KEY_MISSING'],
  ])('gets its default for %s with %j, and is told %s', async (key, context, errorCode) => {
    const details = await OpenFeature.getClient().getBooleanDetails(key, true, context);
    expect(details).toMatchObject({ value: true, reason: 'ERROR', errorCode });
  });
});

describe("OpenFeature's web SDK, through the published OFREP provider", () => {
  it('evaluates all flags at once, and hears of a change by the event stream', async () => {
    // Its type says `hooks?: Hook[] | undefined`, which exactOptionalPropertyTypes does not take for `hooks?: Hook[]`.
    const provider = new OFREPWebProvider({ ...options, pollInterval: 0 }) as Provider;
    await WebOpenFeature.setContext({ targetingKey: 'u1', plan: 'pro' });
    await WebOpenFeature.setProviderAndWait(provider);
    const client = WebOpenFeature.getClient();
    expect(client.getObjectValue('banner', {})).toEqual({ text: 'b', size: 2 });
    expect(client.getBooleanDetails('checkout', false).reason).toBe('SPLIT');

    const changed = new Promise<readonly string[]>((resolve) => {
      client.addHandler(ClientProviderEvents.ConfigurationChanged, (details) =>
        resolve(details?.flagsChanged ?? []),
      );
    });
    await gateway.register('/experiments/banner/pause', {});
    expect(await changed).toContain('banner');
    expect(client.getObjectDetails('banner', {})).toMatchObject({
      reason: 'DISABLED',
      value: { text: 'everyone' },
    });
  });

  it('evaluates anew for another context', async () => {
    await WebOpenFeature.setContext({ targetingKey: 'u1', plan: 'free' });
    const client = WebOpenFeature.getClient();
    const before = client.getBooleanValue('checkout', false);
    for (let n = 2; n < 40; n++) {
      await WebOpenFeature.setContext({ targetingKey: `u${n}` });
      if (client.getBooleanValue('checkout', false) !== before) return;
    }
    expect.unreachable('40 users got the same value');
  });
});
