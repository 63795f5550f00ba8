import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { openConsole } from '../support/console-page.ts';
import { registerRanking } from '../support/ranking-endpoint.ts';
import { ADMIN_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';

const browser: Browser | null = await launchChromium();
const NOWHERE = 'http://127.0.0.1:9';
const LIMIT_BYTES = 200 * 1_024;
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
  await registerRanking(gateway, { aws: NOWHERE, gcp: NOWHERE });
});

afterAll(async () => {
  await browser?.close();
  await gateway.stop();
});

const opened = () => {
  if (browser === null) throw new Error('no Chromium');
  const look = { scheme: 'light', width: 1_280 } as const;
  return openConsole(browser, { url: gateway.url, key: ADMIN_KEY, look });
};

describe.skipIf(browser === null)('on a bad day', () => {
  it('shows that it waits while the API is slow, and the page once it has answered', async () => {
    const { page, close } = await opened();
    await page.route('**/admin/v1/metrics*', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      await route.continue();
    });
    await page.getByRole('link', { name: /^Metrics/ }).click();
    await page.getByRole('status').filter({ hasText: 'Loading' }).waitFor();
    await page.getByText('No metric yet').waitFor();
    await close();
  });

  it('says what went wrong when the API fails, and tries again when asked to', async () => {
    const { page, close } = await opened();
    let failing = true;
    await page.route('**/admin/v1/metrics*', (route) =>
      failing
        ? route.fulfill({
            status: 503,
            contentType: 'application/problem+json',
            body: JSON.stringify({ code: 'store-unavailable', detail: 'the database does not answer' }),
          })
        : route.continue(),
    );
    await page.getByRole('link', { name: /^Metrics/ }).click();
    await page.getByText('the database does not answer').waitFor();
    failing = false;
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('No metric yet').waitFor();
    await close();
  });

  it('tells a draft that cannot be checked from one that is right', async () => {
    const { page, open, close } = await opened();
    await page.route('**/admin/v1/experiments?dryRun=true', (route) => route.abort());
    await open('/experiments/new');
    await page.getByLabel('Key', { exact: false }).first().fill('unchecked');
    await page.getByText('The gateway does not answer').first().waitFor();
    expect(await page.getByRole('button', { name: 'Save as a draft' }).isDisabled()).toBe(true);
    await close();
  });
});

describe.skipIf(browser === null)('the first load', () => {
  it.each([
    ['/console/', 'Overview'],
    ['/console/experiments/new', 'New experiment'],
  ])('of %s is under 200 KB of compressed script', async (path, heading) => {
    if (browser === null) return;
    const context = await browser.newContext();
    const page = await context.newPage();
    const scripts: { readonly bytes: number; readonly coding: string | undefined }[] = [];
    page.on('response', (response) => {
      if (!response.url().endsWith('.js')) return;
      const { 'content-length': length, 'content-encoding': coding } = response.headers();
      scripts.push({ bytes: Number(length), coding });
    });
    await page.goto(`${gateway.url}${path}`);
    await page.locator('input[type=password]').fill(ADMIN_KEY);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { level: 1, name: heading }).waitFor();
    await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' });
    expect(scripts.every(({ coding }) => coding === 'br' || coding === 'gzip')).toBe(true);
    const bytes = scripts.reduce((sum, script) => sum + script.bytes, 0);
    expect(bytes).toBeGreaterThan(50_000);
    expect(bytes).toBeLessThan(LIMIT_BYTES);
    await context.close();
  });
});
