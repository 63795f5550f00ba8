import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { registerFlag, registerFlagEndpoint } from '../support/flags.ts';
import { rankingExperiment, registerRanking } from '../support/ranking-endpoint.ts';
import { call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

const browser: Browser | null = await launchChromium();
let gateway: TestGateway;
let upstream: Upstream;
let secret: string;
let built: string;
/** A page of somebody else: another origin, with the client as it is published beside it. */
let shop: { readonly origin: string; readonly server: Server };

beforeAll(async () => {
  built = await mkdtemp(join(tmpdir(), 'switchyard-'));
  shop = await serveClient();
  upstream = await startUpstream(openInferenceAnswer(1));
  gateway = await startTestGateway({ CORS_ORIGINS: shop.origin });
  await registerRanking(gateway, { aws: upstream.url, gcp: upstream.url });
  await gateway.register('/experiments', rankingExperiment());
  await gateway.register('/experiments/ranker-v2/start', {});
  await registerFlagEndpoint(gateway);
  await registerFlag(gateway, 'checkout', { values: [{ value: false }, { value: true }] });
  ({ secret } = await gateway.tenant('acme'));
});

afterAll(async () => {
  await browser?.close();
  await gateway.stop();
  await upstream.stop();
  shop.server.close();
  await rm(built, { recursive: true, force: true });
});

/** What the shop's page does with the client. */
const SHOP = `
import { SwitchyardClient } from './client.js';

export async function visit(options) {
  const client = new SwitchyardClient(options);
  const inputs = [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }];
  const inferred = await client.infer('ranking', inputs, { unit: 'user-1', context: { country: 'Österreich' } });
  const flag = await client.evaluate('checkout', { targetingKey: 'user-1' }, false);
  const flags = await client.evaluateAll({ targetingKey: 'user-1' });
  const outcome = { id: 'o-1', event: 'bought', unit: 'user', unitId: 'user-1', value: 3 };
  const refused = await client.infer('nothing', inputs).catch(({ code }) => code);
  const outcomes = await client.reportOutcomes([outcome]);
  return { served: inferred.served, flag, all: flags.get('checkout'), outcomes, refused };
}`;

interface Visit {
  readonly flag: unknown;
  readonly all: unknown;
}

async function serveClient(): Promise<typeof shop> {
  const tsc = resolve('node_modules/typescript/bin/tsc');
  await promisify(execFile)(process.execPath, [tsc, '--project', 'sdk/tsconfig.json', '--outDir', built]);
  const server = createServer(async ({ url = '/' }, response) => {
    const isPage = url === '/';
    const own = isPage ? '<!doctype html><title>Shop</title>' : url === '/shop.js' ? SHOP : null;
    const body = own ?? (await readFile(join(built, url)).catch(() => null));
    const type = isPage ? 'text/html' : 'text/javascript; charset=utf-8';
    response.writeHead(body === null ? 404 : 200, { 'content-type': type }).end(body);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

async function newPage(): Promise<{ readonly page: Page; readonly complaints: string[] }> {
  if (browser === null) throw new Error('no Chromium');
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return { page, complaints };
}

describe.skipIf(browser === null)('the reference page, in Chromium', () => {
  it('shows every operation, under its own policy and from nobody else', async () => {
    const { page, complaints } = await newPage();
    page.on('request', (request) => {
      const isOwn = [gateway.url, 'data:', 'blob:'].some((prefix) => request.url().startsWith(prefix));
      if (!isOwn) complaints.push(`asked ${request.url()}`);
    });
    await page.goto(`${gateway.url}/docs`);
    await page.getByRole('heading', { name: /^Switchyard/ }).waitFor();
    const shown = await page.locator('[data-section-id^="operation/"], [id*="operation/"]').count();
    const { body } = await call(`${gateway.url}/openapi.json`);
    const documented = Object.values<object>(body.paths).flatMap((methods) => Object.keys(methods)).length;
    expect(shown).toBeGreaterThanOrEqual(documented);
    const heading = page.getByRole('heading', { name: /Inference by the Open Inference Protocol v2/ });
    await heading.first().waitFor();
    expect(complaints).toEqual([]);
    await page.close();
  });
});

describe.skipIf(browser === null)('the client as published, in a page of another origin', () => {
  it('infers, evaluates flags and reports, and says what was refused', async () => {
    const { page } = await newPage();
    await page.goto(shop.origin);
    const given = JSON.stringify({ baseUrl: gateway.url, apiKey: secret });
    const result = await page.evaluate<Visit>(`import('/shop.js').then(({ visit }) => visit(${given}))`);
    expect(result).toMatchObject({
      served: {
        experiment: 'ranker-v2',
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        fallback: false,
      },
      flag: { reason: 'SPLIT', variant: expect.stringMatching(/^v[01]$/), value: expect.any(Boolean) },
      outcomes: { accepted: 1, rejected: [] },
      refused: 'not-found',
    });
    expect(result.all).toEqual(result.flag);
    await page.close();
  });

  it('is kept out of pages that the gateway does not name', async () => {
    const { page } = await newPage();
    await page.goto(shop.origin.replace('127.0.0.1', 'localhost'));
    const url = `${gateway.url}/v1/outcomes`;
    const reached = await page.evaluate(
      async ([to, key]) =>
        fetch(to ?? '', { method: 'POST', headers: { 'x-api-key': key ?? '' }, body: '{}' }).then(
          () => true,
          () => false,
        ),
      [url, secret],
    );
    expect(reached).toBe(false);
    await page.close();
  });
});
