import type { Browser } from 'playwright-core';
import { expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { accessibilityViolations, openConsole, screenshot } from '../support/console-page.ts';
import { ADMIN_KEY, startTestGateway } from '../support/test-gateway.ts';

const browser: Browser | null = await launchChromium();

it.skipIf(browser === null)(
  'an empty installation offers the demo, in one click, and shows its verdict',
  async () => {
    if (browser === null) return;
    const gateway = await startTestGateway({ ONNX_WORKERS: '1' });
    const { page, complaints, close } = await openConsole(browser, {
      url: gateway.url,
      key: ADMIN_KEY,
      look: { scheme: 'light', width: 1_280 },
    });
    await page.getByRole('button', { name: 'Try the demo' }).waitFor();
    await screenshot(page, 'first-run');
    expect(await accessibilityViolations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Try the demo' }).click();
    await page.getByText(/of 700 visitors came/).waitFor({ timeout: 60_000 });
    await screenshot(page, 'first-run-under-way');
    await page.getByText(/700 units in 700 exposures/).waitFor({ timeout: 60_000 });
    await page.getByRole('button', { name: 'Save as PNG' }).waitFor();
    await screenshot(page, 'first-run-results');

    const { body } = await gateway.admin('GET', '/experiments/ranker-v2/results');
    expect(body.exposures).toMatchObject({ total: 700, units: 700 });
    const measured = body.metrics[0].variants.reduce((sum: number, { n }: { n: number }) => sum + n, 0);
    expect(measured).toBe(700);
    expect(body.metrics[0].comparisons[0].absolute.estimate).toBeGreaterThan(0);
    expect(complaints).toEqual([]);
    await close();
    await gateway.stop();
    await browser.close();
  },
);
