/** How soon the console can be used, and how long a large results page takes to draw once its data are there. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.ts';
import { rankingExperiment, registerRanking } from '../support/ranking-endpoint.ts';
import { ADMIN_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { type BenchResult, median } from './bench-result.ts';

const RUNS = 7;
const METRICS = 50;
const DAYS = 90;
const INTERACTIVE_MS = 1_000;
const RENDER_MS = 300;

export async function benchConsole(): Promise<BenchResult> {
  const browser = await launchChromium();
  if (browser === null) throw new Error('there is no Chromium, and none could be installed');
  const gateway = await startTestGateway();
  try {
    await registerRanking(gateway, { aws: 'http://127.0.0.1:9', gcp: 'http://127.0.0.1:9' });
    await gateway.register('/experiments', rankingExperiment());
    await gateway.register('/experiments/ranker-v2/start', undefined);
    const interactive = await times(() => interactiveMs(browser, gateway));
    const render = await times(() => renderMs(browser, gateway));
    return {
      name: 'console',
      unit: 'ms',
      rows: [
        { subject: 'from nothing cached to the sign-in that can be typed into', median: interactive },
        {
          subject: `results of ${METRICS} metrics and ${DAYS} days, from the data to the picture`,
          median: render,
        },
      ],
      ratios: [
        { label: '1,000 ms ÷ interactive', value: INTERACTIVE_MS / interactive, budget: 1 },
        { label: '300 ms ÷ results drawn', value: RENDER_MS / render, budget: 1 },
      ],
    };
  } finally {
    await browser.close();
    await gateway.stop();
  }
}

async function times(measure: () => Promise<number>): Promise<number> {
  const measured: number[] = [];
  for (let run = 0; run < RUNS; run += 1) measured.push(await measure());
  return median(measured);
}

/** In the page: the time at which a condition has held for a frame, as `window.reached`. */
const reachedWhen = (condition: string) => `
  const look = () => (${condition}) ? requestAnimationFrame(() => setTimeout(() => { window.reached = performance.now(); }))
    : requestAnimationFrame(look);
  requestAnimationFrame(look);`;

/** When that was; asked from outside, since the page's own policy evaluates nothing. */
async function reached(page: Page): Promise<number> {
  for (;;) {
    const at = await page.evaluate<number | null>('window.reached ?? null');
    if (at !== null) return at;
    await page.waitForTimeout(20);
  }
}

async function within<Result>(browser: Browser, work: (context: BrowserContext) => Promise<Result>) {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 900 } });
  try {
    return await work(context);
  } finally {
    await context.close();
  }
}

function interactiveMs(browser: Browser, { url }: TestGateway): Promise<number> {
  return within(browser, async (context) => {
    const page = await context.newPage();
    await page.addInitScript(reachedWhen("document.querySelector('input[type=password]') !== null"));
    await page.goto(`${url}/console/`);
    return reached(page);
  });
}

function renderMs(browser: Browser, { url }: TestGateway): Promise<number> {
  return within(browser, async (context) => {
    const page = await context.newPage();
    await page.goto(`${url}/console/`);
    await page.evaluate(`sessionStorage.setItem('switchyard.key', '${ADMIN_KEY}')`);
    await page.route('**/results?*', (route) => route.fulfill({ json: LARGE_RESULTS }));
    const isDrawn = `document.querySelectorAll('[aria-label="Metrics per variant"] tbody tr').length === ${METRICS}
      && document.querySelectorAll('figure canvas').length === 2`;
    await page.addInitScript(reachedWhen(isDrawn));
    await page.goto(`${url}/console/experiments/ranker-v2`);
    const drawn = await reached(page);
    const arrived = await page.evaluate<number>(`performance.getEntriesByType('resource')
      .filter(({ name }) => name.includes('/results?')).at(-1).responseEnd`);
    return drawn - arrived;
  });
}

const effect = (estimate: number, width: number) => ({
  estimate,
  interval: [estimate - width, estimate + width],
});

const comparison = (index: number) => ({
  variant: 'treatment',
  control: 'control',
  method: 'always-valid',
  alpha: 0.05,
  absolute: effect(0.02 + index / 1_000, 0.05),
  lift: effect(0.05 + index / 1_000, 0.08),
  p: 0.2,
  adjustedP: 0.4,
  significant: false,
  exact: null,
});

const metric = (index: number) => ({
  key: `metric-${index}`,
  role: index === 0 ? 'primary' : 'secondary',
  kind: 'mean',
  direction: 'increase',
  definition: { key: `metric-${index}`, source: 'outcomes', event: `event-${index}`, kind: 'mean' },
  variants: ['control', 'treatment'].map((key) => ({ key, n: 20_000, mean: 0.4, standardDeviation: 0.5 })),
  comparisons: [comparison(index)],
});

/** Results as the gateway answers them, of more metrics and days than most experiments have. */
const LARGE_RESULTS = {
  experiment: 'ranker-v2',
  revision: 17,
  asOf: new Date().toISOString(),
  exposures: {
    total: 90_000,
    units: 40_000,
    excludedUnits: 0,
    earlierUnits: 0,
    byVariant: {
      control: { exposures: 45_000, units: 20_000 },
      treatment: { exposures: 45_000, units: 20_000 },
    },
  },
  epochs: [{ from: '2026-08-26T00:00:00.000Z', weights: { control: 5_000, treatment: 5_000 } }],
  sampleRatio: { ok: true, p: 0.6 },
  sequentialSampleRatio: { ok: true, p: 1 },
  sampleRatioGroups: [],
  metrics: Array.from({ length: METRICS }, (_, index) => metric(index)),
  queries: Object.fromEntries(
    Array.from({ length: METRICS }, (_, index) => [
      `metric-${index}`,
      'WITH exposure AS (…'.padEnd(1_500, ' '),
    ]),
  ),
  metricsAsServed: [],
  serving: [],
  fallbacks: 0,
  asServed: [],
  detail: {
    series: Array.from({ length: DAYS }, (_, day) => ({
      day: new Date(Date.UTC(2026, 7, 26 + day)).toISOString().slice(0, 10),
      units: 450 * day,
      comparisons: [comparison(day)],
    })),
    novelty: [
      {
        variant: 'treatment',
        days: Array.from({ length: 14 }, (_, day) => ({ day, ...comparison(day) })),
        trend: { absolute: effect(0, 0.01), p: 0.5, significant: false },
      },
    ],
    heterogeneity: [],
  },
  verdict: { decision: 'keep-running', variant: null, sentence: 'Keep running.', reasons: [] },
};
