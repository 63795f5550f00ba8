import type { Browser } from 'playwright-core';
import { expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { accessibilityViolations, openConsole, screenshot } from '../support/console-page.ts';
import { freePort } from '../support/free-port.ts';
import { CLIENT, startOidcProvider } from '../support/oidc-provider.ts';
import { startTestGateway } from '../support/test-gateway.ts';

const browser: Browser | null = await launchChromium();

it.skipIf(browser === null)('people sign in through their identity provider, and out again', async () => {
  if (browser === null) return;
  const port = String(await freePort());
  const publicUrl = `http://127.0.0.1:${port}`;
  const provider = await startOidcProvider({
    port: 0,
    redirectUri: `${publicUrl}/auth/callback`,
    groups: { ada: ['ml'] },
  });
  const gateway = await startTestGateway({
    PORT: port,
    PUBLIC_URL: publicUrl,
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: CLIENT.id,
    OIDC_CLIENT_SECRET: CLIENT.secret,
    OIDC_ROLES: 'ml=experimenter',
  });
  const look = { scheme: 'light', width: 1_280 } as const;
  const { page, open, close } = await openConsole(browser, { url: gateway.url, key: null, look });
  await open('/experiments');
  await page.getByRole('link', { name: 'Sign in with your organisation' }).waitFor();
  await screenshot(page, 'sign-in');
  expect(await accessibilityViolations(page)).toEqual([]);

  await page.getByRole('link', { name: 'Sign in with your organisation' }).click();
  await page.locator('input[name=login]').fill('ada');
  await page.locator('input[name=password]').fill('anything');
  await page.locator('button[type=submit]').click();
  await page.locator('button[type=submit]').click();

  await page.getByRole('heading', { name: 'Experiments' }).waitFor();
  await page.getByRole('button', { name: 'Menu' }).click();
  await page.getByText('ada@acme.example: experimenter').waitFor();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByLabel('Key').waitFor();
  await page.reload();
  await page.getByLabel('Key').waitFor();

  await close();
  await gateway.stop();
  await provider.stop();
  await browser.close();
});
