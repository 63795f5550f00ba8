import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Invocation } from '../../gateway/pipeline/invocation.ts';
import { INFER_BODY, rankingExperiment, registerRanking } from '../support/ranking-endpoint.ts';
import { readSpool } from '../support/spool.ts';
import { call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { failWith, hang, openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

let gateway: TestGateway;
let main: Upstream;
let shadow: Upstream;
let secret: string;

beforeAll(async () => {
  main = await startUpstream(openInferenceAnswer(1));
  shadow = await startUpstream(openInferenceAnswer(1));
  gateway = await startTestGateway();
  await registerRanking(gateway, { aws: main.url, gcp: main.url });
  await gateway.register('/experiments', rankingExperiment());
  await gateway.register('/experiments/ranker-v2/start', {});
  const place = {
    kind: 'oip',
    model: 'ranker',
    version: 'v2',
    cloud: 'local',
    region: 'here',
    url: shadow.url,
  };
  for (const key of ['shadow-all', 'shadow-enrolled', 'shadow-never']) {
    await gateway.register('/targets', { ...place, key });
  }
  const shadows = [
    { target: 'shadow-all' },
    { target: 'shadow-enrolled', experiment: 'ranker-v2' },
    { target: 'shadow-never', sampleBp: 0 },
  ];
  const { body } = await gateway.admin('GET', '/endpoints/ranking');
  const { revision: _revision, createdAt: _created, updatedAt: _updated, ...endpoint } = body;
  const changed = { ...endpoint, shadows };
  const answer = await gateway.admin('PUT', '/endpoints/ranking', changed, { 'if-match': '*' });
  expect(answer).toMatchObject({ status: 200 });
  ({ secret } = await gateway.tenant('acme'));
});

afterAll(async () => {
  await gateway.stop();
  await Promise.all([main.stop(), shadow.stop()]);
});

afterEach(() => {
  shadow.behave(openInferenceAnswer(1));
  shadow.requests.length = 0;
});

const infer = (unit?: string) =>
  call(`${gateway.url}/v2/models/ranking/infer`, {
    method: 'POST',
    headers: { 'x-api-key': secret, ...(unit === undefined ? {} : { 'x-switchyard-unit': unit }) },
    body: INFER_BODY,
  });

/** The invocations of shadows for one request, once there are so many. */
async function shadowsOf({ headers }: { readonly headers: Headers }, count: number): Promise<Invocation[]> {
  const id = headers.get('x-request-id');
  const found = () =>
    (readSpool(gateway.dataDir, 'invocations') as unknown as Invocation[]).filter(
      ({ requestId, call: kind }) => requestId === id && kind === 'shadow',
    );
  await expect.poll(() => found().length, { timeout: 5_000 }).toBe(count);
  return found();
}

describe('shadow targets', () => {
  it('get copies of the requests they are meant for, byte for byte, and are compared', async () => {
    const outside = await shadowsOf(await infer(), 1);
    expect(outside).toMatchObject([
      { target: 'shadow-all', difference: 'none', distance: 0, outcome: 'answered' },
    ]);
    shadow.behave(openInferenceAnswer(2));
    const enrolled = await shadowsOf(await infer('u1'), 2);
    expect(enrolled.map(({ target }) => target).sort()).toEqual(['shadow-all', 'shadow-enrolled']);
    expect(enrolled).toMatchObject([
      { difference: 'values', distance: 0.5 },
      { difference: 'values', distance: 0.5 },
    ]);
    expect(new Set(shadow.requests.map(({ body }) => body))).toEqual(new Set([INFER_BODY]));
  });

  it('are exposed to nobody: there is one exposure, of the variant that answered', async () => {
    const answer = await infer('u1');
    await shadowsOf(answer, 2);
    const exposures = readSpool(gateway.dataDir, 'exposures').filter(
      ({ requestId }) => requestId === answer.headers.get('x-request-id'),
    );
    expect(exposures).toHaveLength(1);
    expect(exposures[0]).not.toMatchObject({ servedTarget: expect.stringContaining('shadow') });
  });

  it('that fail or hang cost clients nothing, however many there are', async () => {
    shadow.behave(failWith(500));
    for (let index = 0; index < 10; index++) expect(await infer('u1')).toMatchObject({ status: 200 });
    shadow.behave(hang);
    const startedMs = performance.now();
    const answers = await Promise.all(Array.from({ length: 60 }, () => infer('u1')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(performance.now() - startedMs).toBeLessThan(8_000);
    const metrics = await (await fetch(gateway.metricsUrl)).text();
    expect(metrics).toMatch(
      /switchyard_shadow_total\{endpoint="ranking",target="shadow-all",outcome="dropped"\} \d/,
    );
    expect(metrics).toMatch(
      /switchyard_shadow_total\{endpoint="ranking",target="shadow-all",outcome="failed"\} \d/,
    );
  });

  it('must exist', async () => {
    const endpoint = { key: 'other', defaultTarget: 'ranker-v1-aws', shadows: [{ target: 'nowhere' }] };
    expect(await gateway.admin('POST', '/endpoints', endpoint)).toMatchObject({
      status: 422,
      body: { issues: [{ path: expect.stringContaining('/shadows/0/target') }] },
    });
  });
});
