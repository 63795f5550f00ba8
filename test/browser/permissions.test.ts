import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { accessibilityViolations, openConsole, screenshot } from '../support/console-page.ts';
import { rankingExperiment, registerRanking } from '../support/ranking-endpoint.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';

const browser: Browser | null = await launchChromium();
const NOWHERE = 'http://127.0.0.1:9';

/** What may be done on each page, by the names of its buttons, and who is offered it. */
const OFFERS = [
  { path: '/experiments', button: 'New experiment', to: ['experimenter', 'admin'] },
  { path: '/experiments/drafted', button: 'Start', to: ['experimenter', 'admin'] },
  { path: '/experiments/drafted', button: 'Ask for review', to: ['experimenter', 'admin'] },
  { path: '/experiments/drafted/setup', button: 'Save', to: ['experimenter', 'admin'] },
  { path: '/experiments/drafted/history', button: 'Comment', to: ['experimenter', 'reviewer', 'admin'] },
  { path: '/experiments/reviewed', button: 'Approve', to: ['reviewer', 'admin'] },
  { path: '/experiments/reviewed', button: 'Back to draft', to: ['experimenter', 'admin'] },
  { path: '/metrics', button: 'New metric', to: ['experimenter', 'admin'] },
  { path: '/tenants', button: 'New tenant', to: ['admin'] },
  { path: '/tenants', button: 'Make a service key', to: ['admin'] },
] as const;

const ROLES = ['viewer', 'experimenter', 'reviewer', 'admin'] as const;

let gateway: TestGateway;
const keys = new Map<string, string>();

beforeAll(async () => {
  gateway = await startTestGateway();
  await registerRanking(gateway, { aws: NOWHERE, gcp: NOWHERE });
  for (const key of ['acme', 'globex']) await gateway.tenant(key);
  await gateway.register('/layers', { key: 'ranking' });
  for (const [index, key] of ['drafted', 'reviewed'].entries()) {
    const layer = { key: 'ranking', from: index * 5_000, to: (index + 1) * 5_000 };
    await gateway.register('/experiments', rankingExperiment({ key, layer }));
  }
  await gateway.register('/experiments/reviewed/submit', undefined);
  for (const role of ROLES) await serviceKey(role, { roles: [role] });
  await serviceKey('tenant-admin', { roles: ['tenant-admin'], tenant: 'acme' });
});

afterAll(async () => {
  await browser?.close();
  await gateway.stop();
});

async function serviceKey(name: string, fields: Record<string, unknown>): Promise<void> {
  keys.set(name, (await gateway.register('/service-keys', { name, ...fields })).body.secret);
}

async function as<Result>(
  role: string,
  work: (at: { readonly page: Page; readonly open: (path: string) => Promise<void> }) => Promise<Result>,
): Promise<Result> {
  if (browser === null) throw new Error('no Chromium');
  const look = { scheme: 'light', width: 1_280 } as const;
  const { page, open, close } = await openConsole(browser, {
    url: gateway.url,
    key: keys.get(role) ?? '',
    look,
  });
  try {
    return await work({ page, open });
  } finally {
    await close();
  }
}

describe.skipIf(browser === null)('the page offers what a role may do, and nothing else', () => {
  it.each(ROLES)('to whoever is %s', async (role) => {
    const offered = await as(role, async ({ page, open }) => {
      const found: string[] = [];
      let at = '';
      for (const { path, button } of OFFERS) {
        if (path !== at) await open(path);
        at = path;
        if ((await page.getByRole('button', { name: button, exact: true }).count()) > 0) found.push(button);
        else if ((await page.getByRole('link', { name: button, exact: true }).count()) > 0)
          found.push(button);
      }
      return found;
    });
    const expected = OFFERS.filter(({ to }) => (to as readonly string[]).includes(role));
    expect(offered).toEqual(expected.map(({ button }) => button));
  });

  it('to a tenant-admin: its own tenant with its keys, and nothing of experiments', async () => {
    await as('tenant-admin', async ({ page, open }) => {
      const links = await page.getByRole('navigation').getByRole('link').allInnerTexts();
      expect(links.map((link) => link.split('\n')[0])).toEqual(['Tenants and keys', 'Settings']);
      await open('/tenants');
      expect(await page.getByRole('button', { name: 'globex' }).count()).toBe(0);
      await page.getByRole('button', { name: 'acme' }).click();
      await page.getByRole('button', { name: 'Make a key' }).waitFor();
      await screenshot(page, 'tenants-of-a-tenant-admin');
      await open('/experiments');
      await page.getByText('Not for this key').waitFor();
      expect(await accessibilityViolations(page)).toEqual([]);
    });
  });
});

describe.skipIf(browser === null)('what is offered works', () => {
  it('a reviewer approves, and an administrator makes a key that opens', async () => {
    await as('reviewer', async ({ page, open }) => {
      await open('/experiments/reviewed');
      await page.getByRole('button', { name: 'Approve' }).click();
      await page.getByText(/reviewer approved it/).waitFor();
    });
    const secret = await as('admin', async ({ page, open }) => {
      await open('/tenants');
      await page.getByLabel('Name of a new service key').fill('pipeline');
      await page.getByRole('combobox', { name: 'Roles' }).press('ArrowDown');
      await page.getByRole('option', { name: 'viewer', exact: true }).click();
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Make a service key' }).click();
      return page.locator('[role=dialog] pre').innerText();
    });
    const answer = await fetch(`${gateway.url}/admin/v1/session`, {
      headers: { authorization: `Bearer ${secret}` },
    });
    expect(await answer.json()).toMatchObject({ name: 'pipeline', roles: ['viewer'] });
  });
});
