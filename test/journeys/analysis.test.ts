import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { POWER_EXAMPLE, powerSchema } from '../../gateway/analysis/schema/power-schema.ts';
import { RESULTS_EXAMPLE } from '../../gateway/analysis/schema/results-example.ts';
import { resultsSchema } from '../../gateway/analysis/schema/results-schema.ts';
import { FileStore } from '../../models/artifacts/file-store.ts';
import { deliverTo } from '../support/pipeline.ts';
import { rankingExperiment, registerRanking } from '../support/ranking-endpoint.ts';
import { exposure, outcome } from '../support/records.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { ADMIN_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW = Date.now();

let gateway: TestGateway;

/** 600 users over the last five days; the treatment is liked more, at one tenant above all. */
function records() {
  const random = seededRandom(3);
  const users = Array.from({ length: 600 }, (_, index) => {
    const treated = random() < 0.5;
    const tenant = index % 2 === 0 ? 'acme' : 'globex';
    const at = NOW - 5 * DAY_MS + Math.floor(random() * 4 * DAY_MS);
    return { unit: `u${index}`, tenant, at, treated, liked: random() < (treated ? 0.8 : 0.4) };
  });
  return {
    exposures: users.map(({ unit, tenant, at, treated }) =>
      exposure({
        unit,
        tenant,
        at,
        endpoint: 'ranking',
        variant: treated ? 'treatment' : 'control',
        cloud: treated ? 'gcp' : 'aws',
        latencyMs: 5 + 10 * random(),
      }),
    ),
    outcomes: users
      .filter(({ liked }) => liked)
      .map(({ unit, tenant, at }) =>
        outcome({ unit, tenant, at: at + HOUR_MS, event: 'liked', value: Math.round(random() * 10) }),
      ),
  };
}

beforeAll(async () => {
  gateway = await startTestGateway();
  await deliverTo(new FileStore(join(gateway.dataDir, 'lake')), join(gateway.dataDir, 'test-spool'), [
    records(),
  ]);
  await registerRanking(gateway, { aws: 'http://127.0.0.1:9', gcp: 'http://127.0.0.1:9' });
  await gateway.register('/metrics', { key: 'liked', event: 'liked', kind: 'proportion' });
  await gateway.register('/metrics', { key: 'stars', event: 'liked', kind: 'sum', covariate: { days: 7 } });
  await gateway.register(
    '/experiments',
    rankingExperiment({
      name: 'Ranker <2> & "friends"',
      metrics: { primary: 'liked', secondary: ['stars'], effect: 0.01 },
      prior: { kind: 'beta', successes: 2, failures: 3 },
    }),
  );
  await gateway.register('/experiments', {
    ...rankingExperiment(),
    key: 'ranker-v3',
    metrics: { primary: 'liked' },
  });
});

afterAll(() => gateway.stop());

describe('results', () => {
  it('hold verdict, definitions and queries, and the same by other methods on request', async () => {
    const { status, body } = await gateway.admin(
      'GET',
      '/experiments/ranker-v2/results?detailed=true&methods=fixed-horizon,bayesian,group-sequential&looks=0.5,1&prior=0,0.3',
    );

    expect(status).toBe(200);
    expect(resultsSchema.parse(body)).toEqual(body);
    expect(body.verdict).toMatchObject({ decision: 'ship', variant: 'treatment' });
    expect(body.metrics[0].explanation).toEqual({
      measures: 'Share of users with at least one "liked" since the first exposure. Higher is better.',
      estimate: "Mean over the variant's users, as assigned.",
      interval: expect.stringContaining('right at every look together'),
      correction: expect.stringContaining('Holm'),
      query: '#/queries/liked',
    });
    expect(body.metrics[1].explanation.estimate).toMatch(
      /Adjusted by the same of the 7 days .* which took \d+ % off the variance\./,
    );
    expect(body.otherMethods[2].plan.map(({ fraction }: { fraction: number }) => fraction)).toEqual([0.5, 1]);
    expect(body.metrics[0]).toMatchObject({
      key: 'liked',
      definition: { event: 'liked', kind: 'proportion' },
    });
    expect(body.queries.liked).toMatch(/^WITH exposure AS/);
    expect(body.otherMethods.map(({ method }: { method: { kind: string } }) => method.kind)).toEqual([
      'fixed-horizon',
      'bayesian',
      'group-sequential',
    ]);
    expect(body.detail.series.length).toBeGreaterThan(3);
    expect(body.sequentialSampleRatio.ok).toBe(true);
  });

  it('are answered from the store while nothing that goes in has changed', async () => {
    const look = async () => (await gateway.admin('GET', '/experiments/ranker-v2/results')).body;
    const first = await look();
    expect(await look()).toEqual(first);

    await gateway.register('/metrics', { key: 'another', event: 'liked', kind: 'count' });
    const changed = await look();
    expect(changed.asOf > first.asOf).toBe(true);
    expect(changed.input.filesRead).toBe(0);
  });

  it('say what to believe given the prior that the experiment declares', async () => {
    const { body } = await gateway.admin('GET', '/experiments/ranker-v2/results');
    const [control, treatment] = body.metrics[0].variants;

    expect(body.bayesian).toMatchObject({
      metric: 'liked',
      prior: { kind: 'beta', successes: 2, failures: 3 },
    });
    const [first, second] = body.bayesian.variants;
    expect(first.mean).toBeCloseTo((control.n * control.mean + 2) / (control.n + 5), 9);
    expect(second.mean).toBeCloseTo((treatment.n * treatment.mean + 2) / (treatment.n + 5), 9);
    expect(second.probabilityBest).toBeGreaterThan(0.999);
    expect(first.expectedLoss).toBeCloseTo(second.mean - first.mean, 4);
    expect(second.againstControl.probabilityBetter).toBeGreaterThan(0.999);
    const other = await gateway.admin('GET', '/experiments/ranker-v3/results');
    expect(other.body.bayesian).toBeNull();
  });

  it('say what a weighting that was not run would have brought', async () => {
    const { body } = await gateway.admin(
      'GET',
      '/experiments/ranker-v2/results?weights=control:2000,treatment:8000',
    );
    const [{ variants }] = body.metrics;
    const [control, treatment] = variants;
    const liked = body.policy.metrics.find(({ metric }: { metric: string }) => metric === 'liked');

    expect(resultsSchema.parse(body)).toEqual(body);
    expect(body.policy.weights).toEqual({ control: 2_000, treatment: 8_000 });
    const units = control.n + treatment.n;
    expect(liked.asRun).toBeCloseTo((control.n * control.mean + treatment.n * treatment.mean) / units, 9);
    expect(liked.value.doublyRobust.estimate).toBeCloseTo(0.2 * control.mean + 0.8 * treatment.mean, 9);
    // 1 / Σ w² p: units count 0.4 or 1.6 times.
    expect(liked.value.effectiveUnits / units).toBeCloseTo(1 / (0.5 * 0.4 ** 2 + 0.5 * 1.6 ** 2), 1);
    const latency = body.policy.metrics.find(({ metric }: { metric: string }) => metric === 'latency');
    expect(latency).toMatchObject({
      value: null,
      reason: expect.stringContaining('not a mean over all units'),
    });
  });

  it.each([
    ['control:2000,other:8000', 'names "other": the variants are control, treatment'],
    ['control:2000,treatment:7000', 'sums to 9000'],
    ['control', 'gives control ""'],
  ])('refuse a weighting that is none: %s', async (weights, message) => {
    const { status, body } = await gateway.admin('GET', `/experiments/ranker-v2/results?weights=${weights}`);
    expect(status).toBe(400);
    expect(body.detail).toContain(message);
  });

  it('are refused a prior that is not of their primary metric', async () => {
    const draft = {
      ...rankingExperiment(),
      key: 'misfit',
      prior: { kind: 'beta', successes: 1, failures: 1 },
    };
    const issuesOf = async (metrics?: unknown) =>
      (await gateway.admin('POST', '/experiments', { ...draft, metrics })).body.issues;

    expect(await issuesOf()).toMatchObject([{ path: '/prior', code: 'prior-of-nothing' }]);
    expect(await issuesOf({ primary: 'stars' })).toMatchObject([
      { path: '/prior/kind', code: 'prior-misfit' },
    ]);
  });

  it('refuse a method that is none', async () => {
    const { status, body } = await gateway.admin('GET', '/experiments/ranker-v2/results?methods=guess');
    expect(status).toBe(400);
    expect(body.detail).toContain('fixed-horizon');
  });
});

describe('the document of the API', () => {
  it('shows results and plans that its own schemas accept', () => {
    expect(resultsSchema.safeParse(RESULTS_EXAMPLE)).toMatchObject({ success: true });
    expect(powerSchema.safeParse(POWER_EXAMPLE)).toMatchObject({ success: true });
  });
});

describe('the report', () => {
  it('is one page that needs nothing else, with everything escaped', async () => {
    const answer = await fetch(
      `${gateway.url}/admin/v1/experiments/ranker-v2/report?methods=fixed-horizon&weights=treatment:10000`,
      {
        headers: { authorization: `Bearer ${ADMIN_KEY}` },
      },
    );
    const page = await answer.text();

    expect(answer.headers.get('content-type')).toContain('text/html');
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page).toContain('Ranker &lt;2&gt; &amp; &quot;friends&quot;');
    expect(page).toContain('What to believe of liked');
    expect(page).toContain('Had the weights been control 0 %, treatment 100 %');
    expect(page).not.toMatch(/<script|<link|<img|src=|href=|url\(|@import/);
    expect(page.indexOf('class="verdict ship"')).toBeLessThan(page.indexOf('<h2>'));
    for (const svg of page.matchAll(/<svg[^>]*>/g)) expect(svg[0]).toMatch(/role="img".*aria-label="[^"]+"/);
    expect(page.match(/<svg/g)?.length).toBeGreaterThanOrEqual(4);
    if (process.env['REPORT_TO'] !== undefined) writeFileSync(process.env['REPORT_TO'], page);
  });
});

describe('planning', () => {
  it('goes by the units that were seen, of the experiment itself or of another at its endpoint', async () => {
    const own = (await gateway.admin('GET', '/experiments/ranker-v2/power?effect=0.1')).body;
    expect(powerSchema.parse(own)).toEqual(own);
    expect(own).toMatchObject({ metric: 'liked', effect: 0.1, basis: { experiment: 'ranker-v2' } });
    // 600 users over four of the last five days.
    expect(own.basis.unitsPerDay).toBeGreaterThan(100);
    expect(own.basis.unitsPerDay).toBeLessThan(160);
    const [variant] = own.variants;
    expect(variant.units.fixed).toBeLessThan(variant.units.alwaysValid);
    expect(variant.days.fixed).toBeCloseTo(variant.units.fixed / own.basis.unitsPerDay, 6);
    expect(variant.detectable.map(({ days }: { days: number }) => days)).toEqual([7, 14, 28]);

    const other = (await gateway.admin('GET', '/experiments/ranker-v3/power?effect=0.1')).body;
    expect(other.basis).toEqual({ ...own.basis, unitsPerDay: expect.closeTo(own.basis.unitsPerDay, 1) });
  });

  it('goes on in the results, for the effect that the experiment declares to matter', async () => {
    const { progress } = (await gateway.admin('GET', '/experiments/ranker-v2/results')).body;
    const plan = (await gateway.admin('GET', '/experiments/ranker-v2/power')).body;

    expect(plan.effect).toBe(0.01);
    expect(progress).toMatchObject({ effect: 0.01, power: 0.8, units: 600 });
    // Reckoned by one look, so a little on the safe side.
    expect(progress.unitsNeeded / plan.variants[0].units.alwaysValid).toBeGreaterThan(1);
    expect(progress.unitsNeeded / plan.variants[0].units.alwaysValid).toBeLessThan(1.13);
    expect(progress.daysLeft).toBeCloseTo((progress.unitsNeeded - 600) / progress.unitsPerDay, 6);
    const other = (await gateway.admin('GET', '/experiments/ranker-v3/results')).body;
    expect(other.progress).toBeNull();
  });

  it('refuses an effect of nothing', async () => {
    expect((await gateway.admin('GET', '/experiments/ranker-v2/power?effect=0')).status).toBe(400);
  });
});

describe('a preview of a metric', () => {
  it('says what it would have measured, and what is odd about it', async () => {
    const { body } = await gateway.admin('POST', '/metrics/preview', {
      metric: { key: 'stars', event: 'liked', kind: 'sum', filter: { value: { gte: 5 } } },
      unit: 'user',
      days: 30,
    });

    expect(body.records).toBe(body.withValue);
    expect(body.units).toBe(body.records);
    expect(body.values.min).toBeGreaterThanOrEqual(5);
    expect(body.byDay.length).toBeGreaterThan(3);
    expect(body.warnings).toEqual([]);
    const none = await gateway.admin('POST', '/metrics/preview', {
      metric: { key: 'x', event: 'never', kind: 'count' },
    });
    expect(none.body).toMatchObject({ records: 0, warnings: [expect.stringContaining('"never"')] });
  });

  it('refuses a definition that does not fit together', async () => {
    const { status, body } = await gateway.admin('POST', '/metrics/preview', {
      metric: { key: 'x', kind: 'ratio' },
    });
    expect(status).toBe(422);
    expect(body.issues.map(({ path }: { path: string }) => path)).toEqual([
      '/metric/event',
      '/metric/denominator',
    ]);
  });
});

describe('queries for a warehouse', () => {
  it('are there in the dialect asked for', async () => {
    const { body } = await gateway.admin('GET', '/experiments/ranker-v2/queries?dialect=bigquery');
    expect(body.queries.liked).toContain('UNIX_MILLIS(`at`)');
    expect((await gateway.admin('GET', '/experiments/ranker-v2/queries?dialect=oracle')).status).toBe(400);
  });
});

describe('a start that is only tried', () => {
  it('says by the traffic of the endpoint how long it would take, where that is too long', async () => {
    const tried = async (key: string, fields: Record<string, unknown>) => {
      const metrics = { primary: 'liked', guardrails: ['error-rate'] };
      await gateway.register('/experiments', { ...rankingExperiment(), key, metrics, ...fields });
      const { status, body } = await gateway.admin('POST', `/experiments/${key}/start?dryRun=true`, {});
      expect(status).toBe(200);
      return body.warnings.filter(({ path }: { path: string }) => path === '/allocation');
    };
    const [whole] = await tried('whole', {});
    const [tenth] = await tried('tenth', { allocation: 1_000 });
    expect(whole).toMatchObject({
      code: 'underpowered',
      message: expect.stringMatching(/at 120 new units a day, an effect of 5 % on "liked"/),
    });
    expect(tenth.message).toContain('at 12 new units a day');
    const daysIn = ({ message }: { message: string }) => Number(/about (\d+) days/.exec(message)?.[1]);
    expect(daysIn(tenth) / daysIn(whole)).toBeCloseTo(10, 1);
    // A larger effect, where it is the one that matters, is seen in time.
    expect(await tried('bold', { metrics: { primary: 'liked', effect: 0.2 } })).toEqual([]);
    for (const key of ['whole', 'tenth', 'bold'])
      await gateway.admin('DELETE', `/experiments/${key}`, undefined, { 'if-match': '*' });
  });
});

describe('a draft', () => {
  const draft = (fields: Record<string, unknown>) => ({ ...rankingExperiment(), key: 'not-yet', ...fields });

  it('learns how long it would take from those before it at its endpoint, without being saved', async () => {
    const plan = (fields: Record<string, unknown>) =>
      gateway.admin('POST', '/drafts/power', { experiment: draft(fields), effect: 0.1 });

    const { status, body } = await plan({ metrics: { primary: 'liked' } });
    expect(status).toBe(200);
    expect(powerSchema.parse(body)).toEqual(body);
    expect(body.basis.experiment).toBe('ranker-v2');
    expect(body.variants[0].days.alwaysValid).toBeGreaterThan(1);
    const half = await plan({ metrics: { primary: 'liked' }, allocation: 5_000 });
    expect(half.body.variants[0].days.alwaysValid).toBeCloseTo(2 * body.variants[0].days.alwaysValid, -1);

    const declared = await gateway.admin('POST', '/drafts/power', {
      experiment: draft({ metrics: { primary: 'liked', effect: 0.1 } }),
    });
    expect(declared.body).toMatchObject({ effect: 0.1, variants: [{ units: body.variants[0].units }] });

    expect((await plan({})).body.code).toBe('wrong-state');
    expect((await plan({ metrics: { primary: 'nowhere' } })).body.detail).toContain('nowhere');
  });

  it('learns how many of the units lately seen its audience would take, and what is not recorded', async () => {
    const audience = async (condition: Record<string, unknown>) =>
      (await gateway.admin('POST', '/drafts/audience', { experiment: draft({ audience: condition }) })).body;

    expect(await audience({})).toEqual({ days: 14, units: 600, matching: 600, unrecorded: [] });
    expect(await audience({ 'tenant.key': 'acme' })).toMatchObject({ units: 600, matching: 300 });
    expect(await audience({ country: 'DE' })).toMatchObject({ matching: null, unrecorded: ['country'] });
    expect((await audience({ country: { $near: 'DE' } })).code).toBe('invalid-configuration');
  });
});

describe('how things go now', () => {
  it('is told of the last hours, and by a target when it is asked', async () => {
    const { body: traffic } = await gateway.admin('GET', '/traffic?hours=168');
    expect(traffic.experiments[0].experiment).toBe('ranker-v2');
    expect((await gateway.admin('GET', '/traffic?hours=0')).status).toBe(400);

    const { body: state } = await gateway.admin('GET', '/targets/ranker-v1-aws/state');
    expect(state).toEqual({ target: 'ranker-v1-aws', ready: false, circuitOpen: false, model: null });
    expect((await gateway.admin('GET', '/targets/nowhere/state')).status).toBe(404);
  });
});
