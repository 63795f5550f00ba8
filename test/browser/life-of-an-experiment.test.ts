import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { type ConsolePage, openConsole, screenshot } from '../support/console-page.ts';
import { INFER_BODY, registerRanking } from '../support/ranking-endpoint.ts';
import { call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

const browser: Browser | null = await launchChromium();
const LOOK = { scheme: 'light', width: 1_280 } as const;
const KEY = 'ranker-by-ada';

let gateway: TestGateway;
let upstream: Upstream;
let secret: string;
const keys = { ada: '', grace: '' };

beforeAll(async () => {
  upstream = await startUpstream(openInferenceAnswer(1));
  gateway = await startTestGateway();
  await registerRanking(gateway, { aws: upstream.url, gcp: upstream.url });
  await gateway.register('/metrics', { key: 'clicks', event: 'click', kind: 'proportion' });
  await gateway.register('/environments', { key: 'production', approvals: 1 });
  ({ secret } = await gateway.tenant('acme', { plan: 'pro' }));
  for (const [name, roles] of [
    ['ada', ['experimenter']],
    ['grace', ['reviewer']],
  ] as const) {
    keys[name] = (await gateway.register('/service-keys', { name, roles })).body.secret;
  }
});

afterAll(async () => {
  await browser?.close();
  await gateway.stop();
  await upstream.stop();
});

const signedIn = (who: keyof typeof keys): Promise<ConsolePage> => {
  if (browser === null) throw new Error('no Chromium');
  return openConsole(browser, { url: gateway.url, key: keys[who], look: LOOK });
};

it.skipIf(browser === null)(
  'an experiment is written, reviewed by another, started, measured and shipped',
  async () => {
    const ada = await signedIn('ada');
    await ada.open('/experiments/new');
    await ada.page.getByLabel('Key', { exact: false }).first().fill(KEY);
    await ada.page.getByRole('combobox', { name: 'Endpoint' }).fill('ranking');
    const [control, treatment] = await ada.page.getByRole('combobox', { name: 'Target' }).all();
    await control?.fill('ranker-v1-aws');
    await treatment?.fill('ranker-v2-gcp');
    await ada.page.getByRole('combobox', { name: 'Primary metric' }).click();
    await ada.page.getByRole('option', { name: 'clicks' }).click();
    await ada.page.getByRole('button', { name: 'Save as a draft' }).click();
    await ada.page.getByRole('heading', { name: KEY }).waitFor();

    await ada.page.getByRole('button', { name: 'Start' }).click();
    await ada.page
      .getByText(/approv/i)
      .first()
      .waitFor();
    await ada.page.getByRole('button', { name: 'Dismiss' }).click();
    await ada.page.getByRole('button', { name: 'Ask for review' }).click();
    await ada.page.getByText('Nobody has approved it yet.').waitFor();

    const grace = await signedIn('grace');
    await grace.open(`/experiments/${KEY}/history`);
    await grace.page.getByLabel('Say something about it').fill('Good to go');
    await grace.page.getByRole('button', { name: 'Comment' }).click();
    await grace.page.getByText('Good to go').waitFor();
    await grace.page.getByRole('button', { name: 'Approve' }).click();
    await grace.page.getByText(/grace approved it/).waitFor();

    // What another did appears without being asked for.
    await ada.page.getByText(/grace approved it/).waitFor();
    await screenshot(ada.page, 'journey-review');
    await ada.page.getByRole('button', { name: 'Start' }).click();
    await ada.page.getByText('running').first().waitFor();

    await visits(600);
    await gateway.admin('GET', `/experiments/${KEY}/results?fresh=true&detailed=true`);
    await ada.open(`/experiments/${KEY}`);
    await ada.page.getByText('600 units in 600 exposures').waitFor();
    await ada.page.getByText(/^Ship treatment/).waitFor();
    await screenshot(ada.page, 'journey-results');

    await ada.page.getByRole('button', { name: 'Decide' }).click();
    await ada.page.getByLabel('Decision').selectOption('ship treatment');
    await ada.page.getByLabel('Reason').fill('It is clicked more');
    const decide = ada.page.getByRole('button', { name: 'Decide and end it' });
    expect(await decide.isDisabled()).toBe(true);
    await ada.page.getByLabel(`Type ${KEY} to confirm`).fill(KEY);
    await decide.click();
    await ada.page.getByText(/to ship takes 1 approvals/).waitFor();
    await ada.page.getByRole('button', { name: 'Plan it, for others to approve' }).click();
    await ada.page.getByText(/^Planned by ada/).waitFor();
    await grace.page.getByRole('button', { name: 'Approve this change' }).click();
    await ada.page.getByText('Decided: ship treatment').waitFor();
    expect((await gateway.admin('GET', '/endpoints/ranking')).body.defaultTarget).toBe('ranker-v2-gcp');

    await ada.open(`/experiments/${KEY}/history`);
    for (const entry of [
      'plan-change by ada',
      'approve-change by grace',
      'start by ada',
      'approve by grace',
      'submit by ada',
      'create by ada',
    ])
      await ada.page.getByText(entry).waitFor();
    await screenshot(ada.page, 'journey-timeline');
    // What was refused to her on the way is all that the browser had to complain of.
    expect(ada.complaints.filter((complaint) => !/409|422/.test(complaint))).toEqual([]);
    expect(grace.complaints).toEqual([]);
    await ada.close();
    await grace.close();
  },
);

/** Requests of as many users; those of the treatment click twice as often. */
async function visits(users: number): Promise<void> {
  const headers = { 'x-api-key': secret, 'content-type': 'application/json' };
  const outcomes: unknown[] = [];
  for (let index = 0; index < users; index += 1) {
    const answer = await call(`${gateway.url}/v2/models/ranking/infer`, {
      method: 'POST',
      headers: { ...headers, 'x-switchyard-unit': `user-${index}` },
      body: INFER_BODY,
    });
    const treated = answer.headers.get('x-switchyard-variant') === 'treatment';
    if (index % 10 < (treated ? 8 : 4))
      outcomes.push({ id: `click-${index}`, event: 'click', unit: 'user', unitId: `user-${index}` });
  }
  await call(`${gateway.url}/v1/outcomes`, { method: 'POST', headers, body: JSON.stringify({ outcomes }) });
}
