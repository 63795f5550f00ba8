import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { type ConsolePage, openConsole, screenshot } from '../support/console-page.ts';
import { rankingExperiment, registerRanking } from '../support/ranking-endpoint.ts';
import { ADMIN_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { threeWeeks } from '../support/three-weeks.ts';

const browser: Browser | null = await launchChromium();
const NOWHERE = 'http://127.0.0.1:9';
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
  await registerRanking(gateway, { aws: NOWHERE, gcp: NOWHERE });
  for (const [key, plan] of [
    ['acme', 'pro'],
    ['globex', 'free'],
  ] as const)
    await gateway.tenant(key, { plan });
  await threeWeeks(gateway);
  await gateway.register('/experiments', rankingExperiment({ key: 'for-some', endpoint: 'ranking' }));
});

afterAll(async () => {
  await browser?.close();
  await gateway.stop();
});

const opened = async (path: string): Promise<ConsolePage> => {
  if (browser === null) throw new Error('no Chromium');
  const look = { scheme: 'light', width: 1_280 } as const;
  const consolePage = await openConsole(browser, { url: gateway.url, key: ADMIN_KEY, look });
  await consolePage.open(path);
  return consolePage;
};

const audience = async () => (await gateway.admin('GET', '/experiments/for-some')).body.audience;

it.skipIf(browser === null)(
  'an audience goes through the builder and back, as lines and as text',
  async () => {
    const { page, open, complaints, close } = await opened('/experiments/for-some/setup');
    for (const [index, attribute, comparison, value] of [
      [0, 'tenant.plan', '$in', 'pro, enterprise'],
      [1, 'version', '$vgte', '2.10'],
      [2, 'age', '$gte', '18'],
      [3, 'beta', '$exists', 'true'],
    ] as const) {
      await page.getByRole('button', { name: 'Add a line' }).click();
      await page.getByLabel('Attribute').nth(index).fill(attribute);
      await page.getByLabel('Comparison').nth(index).selectOption(comparison);
      await page.getByLabel('Value', { exact: true }).nth(index).fill(value);
    }
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await expect.poll(audience).toEqual({
      'tenant.plan': { $in: ['pro', 'enterprise'] },
      version: { $vgte: '2.10' },
      age: { $gte: 18 },
      beta: { $exists: true },
    });

    await open('/experiments/for-some/setup');
    expect(await page.getByLabel('Attribute').count()).toBe(4);
    expect(await page.getByLabel('Value', { exact: true }).nth(0).inputValue()).toBe('pro, enterprise');
    expect(await page.getByLabel('Comparison').nth(1).inputValue()).toBe('$vgte');
    expect(await page.getByLabel('Value', { exact: true }).nth(1).inputValue()).toBe('2.10');
    await screenshot(page, 'audience-lines');

    await page.getByRole('button', { name: 'Edit as text' }).click();
    const either = { $or: [{ country: 'DE' }, { 'tenant.plan': 'pro' }] };
    await page.getByLabel('Condition').fill(JSON.stringify(either));
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await expect.poll(audience).toEqual(either);
    await open('/experiments/for-some/setup');
    await page.getByText('This condition has parts that only text can say.').waitFor();
    expect(JSON.parse(await page.getByLabel('Condition').inputValue())).toEqual(either);
    expect(complaints).toEqual([]);
    await close();
  },
);

it.skipIf(browser === null)('says as one types how many of those who came lately match', async () => {
  const { page, close } = await opened('/experiments/search-ranker/setup');
  await page.getByText(/users in experiments at search in the last 14 days match \(100%\)/).waitFor();
  await page.getByRole('button', { name: 'Add a line' }).click();
  await page.getByLabel('Attribute').fill('tenant.plan');
  await page.getByLabel('Value', { exact: true }).fill('pro');
  await page.getByText(/match \((6|7)\d%\)/).waitFor();
  await page.getByLabel('Attribute').fill('country');
  await page.getByText(/country is not among the dimensions that search records/).waitFor();
  await close();
});
