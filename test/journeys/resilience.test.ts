import type { RequestListener } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type OtlpCollector, startOtlpCollector } from '../support/otlp-collector.ts';
import { INFER_BODY } from '../support/ranking-endpoint.ts';
import { call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { failWith, hang, openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

let gateway: TestGateway;
let aws: Upstream;
let gcp: Upstream;
let collector: OtlpCollector;
let secret: string;

const well = openInferenceAnswer(1);
/** Kinds of span, as OTLP numbers them. */
const SERVER = 2;
const CLIENT = 3;

beforeAll(async () => {
  aws = await startUpstream(well);
  gcp = await startUpstream(well);
  collector = await startOtlpCollector();
  gateway = await startTestGateway({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.upstream.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-collector-key=a%20secret',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    OTEL_BSP_SCHEDULE_DELAY: '20',
  });
  await gateway.register('/models', { key: 'ranker' });
  await register('busy');
  await register('crowded');
  await register('hedged', { endpoint: { hedge: { maxShareBp: 5_000 } } });
  await register('impatient', { aws: { firstByteTimeoutMs: 50 } });
  await register('blind', { endpoint: { blinded: true } });
  await gateway.register('/targets', { key: 'pages', kind: 'http', cloud: 'aws', region: 'r', url: aws.url });
  await gateway.register('/endpoints', { key: 'pages', defaultTarget: 'pages' });
  await register('traced');
  await gateway.register('/experiments', {
    key: 'traced-experiment',
    endpoint: 'traced',
    unit: 'user',
    variants: [
      { key: 'all', weight: 10_000, target: 'traced-aws' },
      { key: 'none', weight: 0, target: 'traced-aws' },
    ],
  });
  await gateway.register('/experiments/traced-experiment/start', {});
  ({ secret } = await gateway.tenant('acme'));
});

afterAll(async () => {
  await gateway.stop();
  await Promise.all([aws.stop(), gcp.stop(), collector.upstream.stop()]);
});

afterEach(() => {
  for (const upstream of [aws, gcp]) upstream.behave(well);
});

const infer = (endpoint: string, headers: Record<string, string> = {}) =>
  call(`${gateway.url}/v2/models/${endpoint}/infer`, {
    method: 'POST',
    headers: { 'x-api-key': secret, 'x-switchyard-debug': 'decisions', ...headers },
    body: INFER_BODY,
  });

/** A version of its own, so that no test finds what another has left: a target in each cloud, and an endpoint. */
async function register(
  version: string,
  { endpoint = {}, aws: onAws = {} }: { readonly endpoint?: object; readonly aws?: object } = {},
): Promise<void> {
  const place = { kind: 'oip', model: 'ranker', version, region: 'r' };
  await gateway.register('/models/ranker/versions', {
    version,
    sha256: 'a'.repeat(64),
    sizeBytes: 1,
    artifacts: ['s3://models/ranker'],
  });
  await gateway.register('/targets', {
    ...place,
    key: `${version}-aws`,
    cloud: 'aws',
    url: aws.url,
    ...onAws,
  });
  await gateway.register('/targets', { ...place, key: `${version}-gcp`, cloud: 'gcp', url: gcp.url });
  await gateway.register('/endpoints', { key: version, defaultTarget: `${version}-aws`, ...endpoint });
}

const decisions = ({ headers }: { readonly headers: Headers }) => headers.get('x-switchyard-decisions');

const slowly =
  (ms: number): RequestListener =>
  (request, response) =>
    void sleep(ms).then(() => (response.destroyed ? undefined : well(request, response)));

async function counted(decision: string): Promise<number> {
  const text = await (await fetch(gateway.metricsUrl)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`switchyard_decisions_total{`));
  return lines
    .filter((line) => line.includes(`decision="${decision}"`))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

describe('the decisions of a request', () => {
  it('are told to whoever asks, in their order, and counted', async () => {
    expect(decisions(await infer('busy'))).toBe('');
    const before = await counted('twin');
    aws.behave(failWith(503, 'busy'));
    expect(decisions(await infer('busy'))).toBe(
      'failed;busy-aws;overloaded, retry;busy-aws, failed;busy-aws;overloaded, twin;busy-gcp',
    );
    expect(await counted('twin')).toBe(before + 1);
  });

  it('are nobody’s business on a blinded endpoint, or unasked', async () => {
    expect(decisions(await infer('blind'))).toBeNull();
    expect(decisions(await infer('busy', { 'x-switchyard-debug': '' }))).toBeNull();
  });
});

describe('targets that have too much to do', () => {
  it('are said to be so, with a time to come back', async () => {
    for (const upstream of [aws, gcp]) upstream.behave(failWith(429, 'slow down'));
    const answer = await infer('busy');
    expect(answer).toMatchObject({ status: 503, body: { code: 'overloaded', retryable: true } });
    expect(answer.headers.get('retry-after')).toBe('1');
  });

  it('get no more at a time than they can do; the rest goes to the twin', async () => {
    const held: (() => void)[] = [];
    for (const upstream of [aws, gcp]) {
      upstream.behave((request, response) => {
        held.push(() => well(request, response));
        if (held.length === 120) for (const answer of held) answer();
      });
    }
    const answers = await Promise.all(Array.from({ length: 120 }, () => infer('crowded')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const served = answers.map(({ headers }) => headers.get('x-switchyard-target'));
    expect(served.filter((target) => target === 'crowded-aws')).toHaveLength(64);
    expect(served.filter((target) => target === 'crowded-gcp')).toHaveLength(56);
    expect(await counted('shed')).toBeGreaterThanOrEqual(56);
  });
});

describe('a target that takes longer than it usually does', () => {
  it('is hedged by its twin, within a share of the requests, and the slower one is cancelled', async () => {
    for (let index = 0; index < 25; index++) await infer('hedged');
    let cancelled = 0;
    aws.behave((request, response) => {
      response.once('close', () => {
        if (!response.writableFinished) cancelled += 1;
      });
      slowly(5_000)(request, response);
    });
    const answer = await infer('hedged');
    expect(answer).toMatchObject({ status: 200 });
    expect(decisions(answer)).toBe('hedge;hedged-gcp, hedge-answered;hedged-gcp');
    expect(answer.headers.get('x-switchyard-target')).toBe('hedged-gcp');
    await expect.poll(() => cancelled).toBe(1);
  });

  it('may be the one to answer all the same', async () => {
    for (let index = 0; index < 25; index++) await infer('hedged');
    aws.behave(slowly(150));
    gcp.behave(hang);
    const answer = await infer('hedged');
    expect(answer.headers.get('x-switchyard-target')).toBe('hedged-aws');
    expect(decisions(answer)).toBe('hedge;hedged-gcp');
  });
});

describe('a target that does not begin to answer', () => {
  it('is given up after its own limit, long before the deadline', async () => {
    aws.behave(hang);
    const startedMs = performance.now();
    const answer = await infer('impatient');
    expect(answer.status).toBe(200);
    expect(decisions(answer)).toMatch(/^failed;impatient-aws;timeout, twin;/);
    expect(answer.headers.get('x-switchyard-target')).toBe('impatient-gcp');
    expect(performance.now() - startedMs).toBeLessThan(8_000);
  });
});

describe('the trace of a request', () => {
  const caller = (id: string, flags = '01') => `00-${id.repeat(32)}-${id.repeat(16)}-${flags}`;
  const spansOf = (id: string) => collector.spans().filter(({ traceId }) => traceId === id.repeat(32));
  /** The request's own span is the last to end. */
  const traceOf = async (id: string) => {
    const root = await vi.waitUntil(() => spansOf(id).find(({ kind }) => kind === SERVER));
    const parts = spansOf(id).filter(({ parentSpanId }) => parentSpanId === root.spanId);
    return { root, parts };
  };

  it('begins under its caller, and has a part for every attempt, which the target is told of', async () => {
    aws.behave(failWith(503, 'busy'));
    const answer = await infer('traced', { traceparent: caller('a'), 'x-switchyard-unit': 'user-17' });
    const { root, parts } = await traceOf('a');
    expect(root).toMatchObject({
      name: 'POST /v2/models/:endpoint/infer',
      parentSpanId: 'a'.repeat(16),
      failed: false,
      resource: { 'service.name': 'switchyard', 'deployment.environment.name': 'test' },
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/v2/models/:endpoint/infer',
        'http.response.status_code': 200,
        'url.path': '/v2/models/traced/infer',
        'switchyard.request.id': answer.headers.get('x-request-id'),
        'switchyard.tenant': 'acme',
        'switchyard.target': 'traced-gcp',
      },
    });
    const [primary, retry, twin] = parts;
    expect(primary).toMatchObject({
      name: 'POST /v2/models/ranker/versions/traced/infer',
      kind: CLIENT,
      failed: true,
      attributes: {
        'switchyard.attempt': 'primary',
        'switchyard.target': 'traced-aws',
        'http.response.status_code': 503,
        'error.type': 'overloaded',
        'server.port': Number(new URL(aws.url).port),
      },
    });
    expect(retry?.attributes).toMatchObject({
      'switchyard.attempt': 'retry',
      'http.request.resend_count': 1,
    });
    expect(twin).toMatchObject({
      failed: false,
      attributes: {
        'switchyard.attempt': 'fallback',
        'switchyard.target': 'traced-gcp',
        'http.response.status_code': 200,
      },
    });
    const told = [...aws.requests.slice(-2), ...gcp.requests.slice(-1)].map(
      ({ headers }) => headers['traceparent'],
    );
    expect(told).toEqual(parts.map(({ spanId }) => `00-${'a'.repeat(32)}-${spanId}-01`));
    expect(collector.upstream.requests[0]?.headers['x-collector-key']).toBe('a secret');
  });

  it('says what the experiment came to, and nothing of the unit', async () => {
    await infer('traced', { traceparent: caller('b'), 'x-switchyard-unit': 'user-17' });
    await infer('traced', { traceparent: caller('c') });
    expect((await traceOf('b')).root.events).toEqual([
      {
        name: 'feature_flag.evaluation',
        attributes: {
          'feature_flag.key': 'traced-experiment',
          'feature_flag.provider.name': 'switchyard',
          'feature_flag.result.reason': 'targeting_match',
          'feature_flag.result.variant': 'all',
          'feature_flag.version': expect.stringMatching(/^\d+$/),
        },
      },
    ]);
    expect((await traceOf('c')).root.events[0]?.attributes).toMatchObject({
      'feature_flag.result.reason': 'error',
      'error.type': 'targeting_key_missing',
    });
    expect(JSON.stringify(collector.upstream.requests.map(({ body }) => body))).not.toContain('user-17');
  });

  it('has a part for what is passed through, too', async () => {
    await call(`${gateway.url}/v1/proxy/pages/film/7`, {
      headers: { 'x-api-key': secret, traceparent: caller('8') },
    });
    const { root, parts } = await traceOf('8');
    expect(root).toMatchObject({
      name: 'GET /v1/proxy/:endpoint{/*path}',
      attributes: { 'url.path': '/v1/proxy/pages' },
    });
    expect(parts).toMatchObject([
      { kind: CLIENT, attributes: { 'switchyard.target': 'pages', 'http.response.status_code': 200 } },
    ]);
    expect(aws.requests.at(-1)).toMatchObject({
      url: '/film/7',
      headers: { traceparent: `00-${'8'.repeat(32)}-${parts[0]?.spanId}-01` },
    });
  });

  it('marks the hedge', async () => {
    for (let index = 0; index < 25; index++) await infer('hedged');
    aws.behave(slowly(5_000));
    await infer('hedged', { traceparent: caller('d') });
    const { parts } = await traceOf('d');
    expect(
      parts.map(({ attributes }) => [attributes['switchyard.attempt'], attributes['error.type']]),
    ).toEqual(
      expect.arrayContaining([
        ['primary', 'abandoned'],
        ['hedge', undefined],
      ]),
    );
  });

  it('is not kept where the caller keeps none, whose trace the targets are told of all the same', async () => {
    await infer('traced', { traceparent: caller('e', '00') });
    await infer('traced', { traceparent: caller('f') });
    await traceOf('f');
    expect(spansOf('e')).toEqual([]);
    expect(aws.requests.at(-2)?.headers['traceparent']).toMatch(/^00-e{32}-(?!e{16})[0-9a-f]{16}-00$/);
  });

  it('costs a request nothing when the collector is away, and is counted as lost', async () => {
    collector.upstream.behave(failWith(400));
    expect((await infer('traced')).status).toBe(200);
    await vi.waitFor(async () =>
      expect(await (await fetch(gateway.metricsUrl)).text()).toMatch(
        /switchyard_trace_spans_total\{fate="failed"\} [1-9]/,
      ),
    );
  });

  it('is named by the measurements of it, to whoever can read that', async () => {
    const scrape = (accept: string) => fetch(gateway.metricsUrl, { headers: { accept } });
    await infer('traced', { traceparent: caller('9') });
    const rich = await scrape('application/openmetrics-text;version=1.0.0,text/plain;q=0.5');
    expect(rich.headers.get('content-type')).toBe(
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    );
    const text = await rich.text();
    expect(text).toMatch(
      /^switchyard_request_duration_seconds_bucket\{le="[^"]+",endpoint="traced"\} \d+ # \{trace_id="9{32}"\} [\d.]+ \d+/m,
    );
    expect(text).toMatch(/^# TYPE switchyard_requests counter$/m);
    expect(text).toMatch(/^switchyard_requests_total\{endpoint="traced",status="200"\} \d+$/m);
    expect(text).toMatch(/\n# EOF\n$/);
    const plain = await scrape('text/plain');
    expect(plain.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const lines = await plain.text();
    expect(lines).toMatch(/^# TYPE switchyard_requests_total counter$/m);
    expect(lines).not.toMatch(/trace_id|# EOF/);
  });
});
