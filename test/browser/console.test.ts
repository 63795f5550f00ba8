import { readFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { accessibilityViolations, type Look, openConsole, screenshot } from '../support/console-page.ts';
import { INFER_BODY, registerRanking } from '../support/ranking-endpoint.ts';
import { ADMIN_KEY, call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { threeWeeks } from '../support/three-weeks.ts';
import { openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

const browser: Browser | null = await launchChromium();
const DESKTOP: Look = { scheme: 'light', width: 1_280 };

let gateway: TestGateway;
let upstream: Upstream;
let secret: string;

beforeAll(async () => {
  upstream = await startUpstream(openInferenceAnswer(1));
  gateway = await startTestGateway();
  await registerRanking(gateway, { aws: upstream.url, gcp: upstream.url });
  await gateway.register('/metrics', { key: 'clicks', event: 'click', kind: 'proportion' });
  ({ secret } = await gateway.tenant('acme', { plan: 'pro' }));
  await gateway.tenant('globex', { plan: 'free' });
  await threeWeeks(gateway);
});

afterAll(async () => {
  await browser?.close();
  await gateway.stop();
  await upstream.stop();
});

/** The browser, where there is one: without one the tests are left out, by name. */
function theBrowser(): Browser {
  if (browser === null) throw new Error('no Chromium');
  return browser;
}

describe.skipIf(browser === null)('the console, in Chromium', () => {
  it('lets nobody in with a key that does not open, and says so', async () => {
    const { page, close } = await openConsole(theBrowser(), { url: gateway.url, key: null, look: DESKTOP });
    await page.locator('input[type=password]').fill('not-the-key-of-this-one');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('That did not work').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await close();
  });

  it('takes an experiment from its first word to its verdict', async () => {
    const { page, complaints, open, close } = await openConsole(theBrowser(), {
      url: gateway.url,
      key: ADMIN_KEY,
      look: DESKTOP,
    });
    await open('/experiments/new');
    await page.getByLabel('Key', { exact: false }).first().fill('from-the-console');
    await page.getByRole('combobox', { name: 'Endpoint' }).fill('ranking');
    await page.getByRole('button', { name: 'Add a line' }).click();
    await page.getByLabel('Value').fill('pro');
    const [control, treatment] = await page.getByRole('combobox', { name: 'Target' }).all();
    await control?.fill('ranker-v1-aws');
    await treatment?.fill('ranker-v2-gcp');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Save as a draft' }).click();
    await page.getByRole('heading', { name: 'from-the-console' }).waitFor();
    await page.getByRole('button', { name: 'Start' }).click();
    await page.getByText('running').first().waitFor();

    await visits(60);
    await gateway.admin('GET', '/experiments/from-the-console/results?fresh=true');
    await open('/experiments/from-the-console');
    await page.getByText(/units in \d+ exposures/).waitFor();
    await screenshot(page, 'journey-results');

    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByLabel('Type from-the-console to confirm').fill('from-the-console');
    await page.getByRole('button', { name: 'Stop the experiment' }).click();
    await page.getByText('stopped').first().waitFor();
    expect(complaints).toEqual([]);
    await close();
  });

  it('shows what is wrong beside the field while one types', async () => {
    const { page, open, close } = await openConsole(theBrowser(), {
      url: gateway.url,
      key: ADMIN_KEY,
      look: DESKTOP,
    });
    await open('/experiments/new');
    await page.getByLabel('Key', { exact: false }).first().fill('Not A Key');
    await page
      .getByText(/must be 1–63 of a–z/)
      .first()
      .waitFor();
    expect(await page.getByRole('button', { name: 'Save as a draft' }).isDisabled()).toBe(true);
    await close();
  });

  it('says that it is offline when the gateway goes, and keeps what was read', async () => {
    const { page, open, close } = await openConsole(theBrowser(), {
      url: gateway.url,
      key: ADMIN_KEY,
      look: DESKTOP,
    });
    await open('/models');
    await page.getByText('Live').waitFor();
    await page.context().setOffline(true);
    await page.getByText('Offline').waitFor();
    expect(await page.getByText('ranker-v1-aws').first().isVisible()).toBe(true);
    await close();
  });
});

describe.skipIf(browser === null)('the results page', () => {
  const results = async () => {
    const opened = await openConsole(theBrowser(), { url: gateway.url, key: ADMIN_KEY, look: DESKTOP });
    await opened.open('/experiments/search-ranker');
    await opened.page.getByRole('button', { name: 'Save as PNG' }).first().waitFor();
    return opened;
  };

  it('explains a number when it is pointed at or reached by keyboard, until Escape', async () => {
    const { page, complaints, close } = await results();
    const table = page.getByRole('region', { name: 'Metrics per variant' });
    const card = page.getByRole('tooltip').filter({ hasText: 'Lift of treatment over control' });
    await table
      .getByRole('button', { name: /^\+\d+\.\d%$/ })
      .first()
      .focus();
    await card.waitFor();
    expect(await card.innerText()).toMatch(/share of units with at least one found/i);
    expect(await card.innerText()).toContain('confidence sequence at 95 %');
    expect(await card.innerText()).toContain('WITH exposure AS');
    await page.keyboard.press('Escape');
    await card.waitFor({ state: 'hidden' });
    await table.getByRole('button', { name: '< 0.001' }).hover();
    const other = page.getByRole('tooltip').filter({ hasText: 'p of found' });
    await other.waitFor();
    await other.hover();
    await page.waitForTimeout(400);
    expect(await other.isVisible()).toBe(true);
    expect(await accessibilityViolations(page)).toEqual([]);
    await screenshot(page, 'explanation');
    expect(complaints).toEqual([]);
    await close();
  });

  it('gives its charts as pictures and as tables, its values as CSV and its report as a page', async () => {
    const { page, complaints, close } = await results();
    const saved = async (click: () => Promise<void>) => {
      const [download] = await Promise.all([page.waitForEvent('download'), click()]);
      return { name: download.suggestedFilename(), content: await readFile(await download.path()) };
    };
    const picture = await saved(() => page.getByRole('button', { name: 'Save as PNG' }).first().click());
    expect(picture.name).toMatch(/^Lift of found by day.*\.png$/);
    expect(picture.content.subarray(1, 4).toString()).toBe('PNG');
    expect(picture.content.length).toBeGreaterThan(5_000);

    await page.getByRole('button', { name: 'Show as a table' }).first().click();
    const table = page.getByRole('region', { name: /^Lift of found by day/ });
    expect(await table.getByRole('row').count()).toBeGreaterThan(20);

    await page.getByRole('button', { name: 'Export' }).click();
    const values = await saved(() => page.getByRole('menuitem', { name: 'Values as CSV' }).click());
    const [heading, first] = values.content.toString().split('\r\n');
    expect(heading).toMatch(/^table,day,metric,role,variant,control,/);
    expect(first).toMatch(/^as-assigned,,found,primary,treatment,control,/);

    await page.getByRole('button', { name: 'Export' }).click();
    const report = await saved(() => page.getByRole('menuitem', { name: 'Report as one HTML page' }).click());
    expect(report.name).toBe('search-ranker.html');
    expect(report.content.toString()).toContain('<!doctype html>');
    expect(complaints).toEqual([]);
    await close();
  });
});

const PAGES = [
  ['overview', '/'],
  ['experiments', '/experiments'],
  ['new-experiment', '/experiments/new'],
  ['results', '/experiments/search-ranker'],
  ['setup', '/experiments/search-ranker/setup'],
  ['history', '/experiments/search-ranker/history'],
  ['models', '/models'],
  ['metrics', '/metrics'],
  ['tenants', '/tenants'],
  ['audit', '/audit'],
  ['settings', '/settings'],
  ['nowhere', '/no/such/page'],
] as const;

const LOOKS: readonly (Look & { readonly name: string })[] = [
  { name: 'light', scheme: 'light', width: 1_280 },
  { name: 'dark', scheme: 'dark', width: 1_280 },
  { name: 'narrow', scheme: 'light', width: 375 },
];

describe.skipIf(browser === null).each(LOOKS)('every page, $name', (look) => {
  it('breaks no rule of WCAG 2.2 AA, needs nobody else, and fits its width', async () => {
    const { page, complaints, open, close } = await openConsole(theBrowser(), {
      url: gateway.url,
      key: ADMIN_KEY,
      look,
    });
    const found: string[] = [];
    for (const [name, path] of PAGES) {
      await open(path);
      await screenshot(page, `${name}-${look.name}`);
      for (const violation of await accessibilityViolations(page)) found.push(`${name}: ${violation}`);
      const overflow = await page.evaluate<number>(
        'document.documentElement.scrollWidth - window.innerWidth',
      );
      if (overflow > 0) found.push(`${name}: ${overflow} pixels wider than the window`);
    }
    expect(found).toEqual([]);
    expect(complaints).toEqual([]);
    await close();
  });
});

/** Requests of as many users, half of whom click. */
async function visits(users: number): Promise<void> {
  const headers = { 'x-api-key': secret, 'content-type': 'application/json' };
  for (let index = 0; index < users; index += 1) {
    await call(`${gateway.url}/v2/models/ranking/infer`, {
      method: 'POST',
      headers: { ...headers, 'x-switchyard-unit': `user-${index}` },
      body: INFER_BODY,
    });
  }
  const outcomes = Array.from({ length: users / 2 }, (_, index) => ({
    id: `click-${index}`,
    event: 'click',
    unit: 'user',
    unitId: `user-${2 * index}`,
  }));
  await call(`${gateway.url}/v1/outcomes`, { method: 'POST', headers, body: JSON.stringify({ outcomes }) });
}
