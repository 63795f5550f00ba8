import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import axe, { type AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';

/** Where screenshots are left to be looked at. */
const SCREENSHOTS = new URL('../../screenshots/', import.meta.url).pathname;

/** What a draft is asked about as it is typed. */
const OF_A_DRAFT = /dryRun=true|\/admin\/v1\/drafts\//;

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

export interface ConsolePage {
  readonly page: Page;
  /** What the page complained of: errors, refused requests, breaches of its content security policy. */
  readonly complaints: string[];
  /** Opens a path of the console and waits until it has come to rest. */
  open(path: string): Promise<void>;
  close(): Promise<void>;
}

export interface Look {
  readonly scheme: 'light' | 'dark';
  readonly width: number;
}

/** The console in a browser of its own, signed in with the key unless that is null. */
export async function openConsole(
  browser: Browser,
  { url, key, look }: { readonly url: string; readonly key: string | null; readonly look: Look },
): Promise<ConsolePage> {
  const context = await browser.newContext({
    viewport: { width: look.width, height: 900 },
    colorScheme: look.scheme,
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    const grave = message.type() === 'error' || message.type() === 'warning';
    // The browser notes every answer that is no success; those to a draft as it is typed are what they should be.
    if (grave && !OF_A_DRAFT.test(message.location().url)) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:'))
      complaints.push(`asked ${request.url()}`);
  });
  const open = async (path: string) => {
    await page.goto(`${url}/console${path}`);
    await page.locator('main, [role=main]').first().waitFor();
    await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' });
  };
  await open('/');
  if (key !== null) {
    await page.locator('input[type=password]').fill(key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
  }
  return { page, complaints, open, close: () => context.close() };
}

/** What of WCAG 2.2 A and AA the page breaks, a line each, as axe sees it. */
export async function accessibilityViolations(page: Page): Promise<string[]> {
  // By the debugger and not by a script tag, which the page's own policy refuses.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>(
    `axe.run(document, { runOnly: { type: 'tag', values: ${JSON.stringify(RULES)} } })`,
  );
  return violations.map(
    ({ id, help, nodes }) =>
      `${id}: ${help} (${nodes
        .slice(0, 3)
        .map(({ target }) => target.join(' '))
        .join('; ')})`,
  );
}

export async function screenshot(page: Page, name: string): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
}
