import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { INFER_BODY, rankingExperiment, registerRanking } from '../support/ranking-endpoint.ts';
import { call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

const DASHBOARD = 'docs/observability/grafana-dashboard.json';
const ALERTS = 'docs/observability/prometheus-alerts.yaml';

let gateway: TestGateway;
let upstream: Upstream;
/** Metric → the labels that its samples have; empty where it has no samples yet. */
let exposed: ReadonlyMap<string, ReadonlySet<string>>;
let text: string;

beforeAll(async () => {
  upstream = await startUpstream(openInferenceAnswer(1));
  gateway = await startTestGateway();
  await registerRanking(gateway, { aws: upstream.url, gcp: upstream.url });
  const { body } = await gateway.admin('GET', '/targets/ranker-v1-aws');
  const { revision: _revision, createdAt: _created, updatedAt: _updated, ...target } = body;
  await gateway.admin(
    'PUT',
    '/targets/ranker-v1-aws',
    { ...target, pricePerRequest: 0.25 },
    { 'if-match': '*' },
  );
  await gateway.register('/experiments', rankingExperiment());
  await gateway.register('/experiments/ranker-v2/start', {});
  const { secret } = await gateway.tenant('acme');
  for (const unit of ['', 'u1', 'u2', 'u3', 'u4', 'u5']) {
    await call(`${gateway.url}/v2/models/ranking/infer`, {
      method: 'POST',
      headers: { 'x-api-key': secret, ...(unit === '' ? {} : { 'x-switchyard-unit': unit }) },
      body: INFER_BODY,
    });
  }
  text = await (await fetch(gateway.metricsUrl)).text();
  exposed = metricsOf(text);
});

afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

function metricsOf(exposition: string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const line of exposition.split('\n')) {
    const [, name] = /^# TYPE (\S+)/.exec(line) ?? [];
    if (name !== undefined) found.set(name, new Set());
    const [, sample = '', labels = ''] = /^(\w+)\{([^}]*)\}/.exec(line) ?? [];
    const family = found.get(sample) ?? found.get(sample.replace(/_(bucket|sum|count)$/, ''));
    for (const [, label = ''] of labels.matchAll(/(\w+)=/g)) family?.add(label);
  }
  return found;
}

/** The metrics of an expression, with the labels that it groups or selects them by. */
function metricsIn(expression: string): { readonly name: string; readonly labels: readonly string[] }[] {
  const grouped = [...expression.matchAll(/by \(([^)]*)\)/g)].flatMap(([, labels = '']) =>
    labels.split(/, */),
  );
  return [...expression.matchAll(/(switchyard_\w+)(?:\{([^}]*)\})?/g)].map(
    ([, metric = '', selector = '']) => ({
      name: exposed.has(metric) ? metric : metric.replace(/_(bucket|sum|count)$/, ''),
      labels: [...grouped, ...[...selector.matchAll(/(\w+)[=!]/g)].map(([, label = '']) => label)],
    }),
  );
}

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

const dashboard = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as Dashboard;
const alerts = parse(readFileSync(ALERTS, 'utf8')) as {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
};

const EXPRESSIONS: [string, string][] = [
  ...dashboard.panels.flatMap(({ title, targets }): [string, string][] =>
    targets.map(({ expr }) => [title, expr]),
  ),
  ...alerts.groups.flatMap(({ rules }) => rules.map(({ alert, expr }): [string, string] => [alert, expr])),
];

describe('the dashboard and the alerts', () => {
  it.each(EXPRESSIONS)('ask for what the gateway measures: %s', (_title, expression) => {
    const asked = metricsIn(expression);
    expect(asked.length).toBeGreaterThan(0);
    for (const { name, labels } of asked) {
      expect([...exposed.keys()]).toContain(name);
      const known = exposed.get(name) ?? new Set();
      // A metric without samples yet shows no labels.
      if (known.size > 0) expect([...known]).toEqual(expect.arrayContaining([...labels]));
    }
  });

  it('would see the variants, the targets and their cost', () => {
    expect(text).toMatch(
      /switchyard_variant_requests_total\{experiment="ranker-v2",variant="control",status="200"\} \d/,
    );
    expect(text).toMatch(
      /switchyard_attempt_duration_seconds_count\{target="ranker-v1-aws",cloud="aws"\} \d/,
    );
    expect(text).toMatch(
      /switchyard_cost_total\{endpoint="ranking",target="ranker-v1-aws"\} [0-9.]*(25|5|75|\d)/,
    );
    expect(text).toMatch(/switchyard_target_circuit_open\{target="ranker-v1-aws"\} 0/);
    expect(text).not.toContain('u1');
  });
});
