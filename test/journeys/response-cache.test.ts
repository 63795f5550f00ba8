import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INFER_BODY, rankingExperiment, registerRanking } from '../support/ranking-endpoint.ts';
import { call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

let gateway: TestGateway;
let upstream: Upstream;
let acme: string;
let globex: string;
beforeAll(async () => {
  upstream = await startUpstream(openInferenceAnswer(1));
  gateway = await startTestGateway();
  await registerRanking(gateway, {
    aws: upstream.url,
    gcp: upstream.url,
    endpoint: { cache: { ttlSeconds: 60 } },
  });
  await gateway.register('/endpoints', {
    key: 'blind',
    defaultTarget: 'ranker-v1-aws',
    blinded: true,
    cache: { ttlSeconds: 60 },
  });
  await gateway.register('/experiments', rankingExperiment());
  await gateway.register('/experiments/ranker-v2/start', {});
  ({ secret: acme } = await gateway.tenant('acme'));
  ({ secret: globex } = await gateway.tenant('globex'));
});
afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

function infer(user: string, { key = acme, endpoint = 'ranking', body = INFER_BODY } = {}) {
  return call(`${gateway.url}/v2/models/${endpoint}/infer`, {
    method: 'POST',
    headers: { 'x-api-key': key, 'x-switchyard-unit': user },
    body,
  });
}
/** Exposures in the spool so far: nothing is shipped within this test's time. */
const exposures = async () => {
  const root = join(gateway.dataDir, 'spool');
  const files = (await readdir(root, { recursive: true })).filter((name) => name.includes('exposures'));
  const texts = await Promise.all(files.map((name) => readFile(join(root, name), 'utf8').catch(() => '')));
  return texts.flatMap((text) => text.split('\n')).filter((line) => line.startsWith('{')).length;
};

describe('an endpoint that caches', () => {
  it('asks a model once for what many units ask, and exposes each of them', async () => {
    upstream.requests.length = 0;
    const before = await exposures();
    const answers = await Promise.all(Array.from({ length: 30 }, (_, user) => infer(`user-${user}`)));
    const versions = new Set(answers.map(({ headers }) => headers.get('x-switchyard-model')));
    expect(versions).toEqual(new Set(['ranker/v1', 'ranker/v2']));
    expect(upstream.requests).toHaveLength(2);
    const outcomes = answers.map(({ headers }) => headers.get('x-switchyard-cache'));
    expect(outcomes.filter((outcome) => outcome === 'miss')).toHaveLength(2);
    expect((await infer('user-1')).headers.get('x-switchyard-cache')).toBe('hit');
    expect((await exposures()) - before).toBe(31);
  });

  it('gives each request its own id, and no id to one without', async () => {
    const withId = (id: string) => infer('user-1', { body: `{"id":"${id}",${INFER_BODY.slice(1)}` });
    expect((await withId('one')).body).toMatchObject({ id: 'one', outputs: [{ data: [1] }] });
    expect((await withId('two')).body).toMatchObject({ id: 'two' });
    expect((await infer('user-1')).body.id).toBeUndefined();
  });

  it('keeps tenants apart, asks again for another input, and says nothing where it is blinded', async () => {
    expect((await infer('user-1', { key: globex })).headers.get('x-switchyard-cache')).toBe('miss');
    const other = INFER_BODY.replace('[1]}', '[2]}');
    expect((await infer('user-1', { body: other })).headers.get('x-switchyard-cache')).toBe('miss');
    const blind = [await infer('u', { endpoint: 'blind' }), await infer('u', { endpoint: 'blind' })];
    expect(blind.map(({ headers }) => headers.get('x-switchyard-cache'))).toEqual([null, null]);
  });

  it('keeps no refusal and no failure', async () => {
    upstream.behave((_request, response) => void response.writeHead(400).end('{"error":"no"}'));
    const refused = INFER_BODY.replace('[1]}', '[3]}');
    expect((await infer('user-1', { body: refused })).status).toBe(400);
    upstream.behave(openInferenceAnswer(1));
    expect((await infer('user-1', { body: refused })).status).toBe(200);
  });
});
