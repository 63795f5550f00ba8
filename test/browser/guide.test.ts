import { readdirSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { accessibilityViolations, screenshot } from '../support/console-page.ts';
import { guidePages } from '../support/guide-blocks.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';

const REFERENCE = readdirSync('docs')
  .filter((name) => name.endsWith('.md'))
  .map((name) => `reference/${name.replace(/\.md$/, '')}`);
const PATHS = [...guidePages().map((page) => (page === 'README' ? '' : page)), ...REFERENCE];
const LOOKS = [
  { scheme: 'light', width: 1200 },
  { scheme: 'dark', width: 1200 },
  { scheme: 'light', width: 375 },
  { scheme: 'dark', width: 375 },
] as const;

const browser: Browser | null = await launchChromium();
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(async () => {
  await browser?.close();
  await gateway.stop();
});

describe.skipIf(browser === null)('the guide in Chromium', () => {
  it.each(LOOKS)('can be read by everybody, $scheme, $width pixels wide', async ({ scheme, width }) => {
    const context = await (browser as Browser).newContext({
      viewport: { width, height: 900 },
      colorScheme: scheme,
    });
    const page = await context.newPage();
    const found: string[] = [];
    page.on('console', (message) => found.push(message.text()));
    page.on('request', (request) => {
      if (!request.url().startsWith(gateway.url)) found.push(`asked ${request.url()}`);
    });
    for (const path of PATHS) {
      await page.goto(`${gateway.url}/docs/guide/${path}`);
      const violations = await accessibilityViolations(page);
      found.push(...violations.map((violation) => `${path}: ${violation}`));
      const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
      if (Number(overflow) > 0) found.push(`${path} is ${overflow} pixels wider than the window`);
      if (!path.startsWith('reference/'))
        await screenshot(page, `guide-${path || 'contents'}-${scheme}-${width}`);
    }
    expect(found).toEqual([]);
    await context.close();
  });

  it('shows the contents beside the text where there is room, and behind a word where there is none', async () => {
    const page = await (browser as Browser).newPage({ viewport: { width: 1200, height: 900 } });
    await page.goto(`${gateway.url}/docs/guide/quickstart`);
    const link = page.getByRole('navigation', { name: 'Contents' }).getByRole('link', { name: 'Concepts' });
    expect(await link.isVisible()).toBe(true);
    await page.setViewportSize({ width: 375, height: 900 });
    expect(await link.isVisible()).toBe(false);
    await page.getByText('Contents', { exact: true }).click();
    await link.click();
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Concepts');
    await page.close();
  });
});
