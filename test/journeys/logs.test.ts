import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';
import { INFER_BODY } from '../support/ranking-endpoint.ts';
import { call } from '../support/test-gateway.ts';
import { failWith, hang, openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

const ADMIN = 'admin-key-that-must-not-show';
const TOKEN = 'target-token-that-must-not-show';
const UNIT = 'unit-id-that-must-not-show';

let gateway: GatewayProcess;
let upstream: Upstream;
let directory: string;
let secret: string;

const admin = (path: string, body: unknown) =>
  call(`${gateway.url}/admin/v1${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'switchyard-logs-'));
  upstream = await startUpstream(openInferenceAnswer(1));
  gateway = await startGatewayProcess({
    DATA_DIR: directory,
    ADMIN_API_KEY: ADMIN,
    LOG_LEVEL: 'trace',
    SWITCHYARD_TARGET_TEST: TOKEN,
  });
  const place = { cloud: 'aws', region: 'r', url: upstream.url, apiKeyEnv: 'SWITCHYARD_TARGET_TEST' };
  await admin('/models', { key: 'm' });
  await admin('/models/m/versions', {
    version: '1',
    sha256: 'a'.repeat(64),
    sizeBytes: 1,
    artifacts: ['s3://b/m'],
  });
  await admin('/targets', { key: 'model', kind: 'oip', model: 'm', version: '1', ...place });
  await admin('/targets', { key: 'pages', kind: 'http', ...place });
  for (const key of ['model', 'pages']) {
    await admin('/endpoints', { key, defaultTarget: key, timeoutMs: 300 });
    const variants = ['a', 'b'].map((name) => ({ key: name, weight: 5_000, target: key }));
    await admin('/experiments', { key, endpoint: key, unit: 'user', variants });
    await admin(`/experiments/${key}/start`, {});
  }
  await admin('/tenants', { key: 'acme' });
  secret = (await admin('/tenants/acme/keys', { name: 'test' })).body.secret;
});

afterAll(async () => {
  await gateway.end('SIGKILL');
  await upstream.stop();
  await rm(directory, { recursive: true, force: true });
});

describe('the log at its most talkative', () => {
  it('holds a record of every request, and no key, token or unit id', async () => {
    const headers = { 'x-api-key': secret, 'x-switchyard-unit': UNIT };
    const context = Buffer.from(JSON.stringify({ user: UNIT })).toString('base64url');
    for (const behaviour of [openInferenceAnswer(1), failWith(500, 'no'), failWith(400, 'bad'), hang]) {
      upstream.behave(behaviour);
      await call(`${gateway.url}/v2/models/model/infer?user=${UNIT}`, {
        method: 'POST',
        headers,
        body: INFER_BODY,
      });
      await call(`${gateway.url}/v1/proxy/pages/users/${UNIT}?user=${UNIT}`, { headers });
    }
    upstream.behave(openInferenceAnswer(1));
    const body = JSON.stringify({ parameters: { 'context.user': UNIT }, inputs: [] });
    await call(`${gateway.url}/v2/models/model/infer`, {
      method: 'POST',
      headers: { 'x-api-key': secret, 'x-switchyard-context': context },
      body,
    });
    const outcomes = [
      { id: '1', event: 'e', unit: 'user', unitId: UNIT },
      { id: '2', event: '!', unit: 'user', unitId: UNIT },
    ];
    await call(`${gateway.url}/v1/outcomes`, { method: 'POST', headers, body: JSON.stringify({ outcomes }) });
    await call(`${gateway.url}/v2/models/model/infer`, {
      method: 'POST',
      headers: { 'x-api-key': `${secret}x` },
      body,
    });
    const last = await call(`${gateway.url}/livez`);
    await expect.poll(() => gateway.lines.join('\n')).toContain(last.headers.get('x-request-id'));
    const log = gateway.lines.join('\n');
    expect(gateway.lines.filter((line) => line.includes('"msg":"request"')).length).toBeGreaterThanOrEqual(
      20,
    );
    const unit = Buffer.from(UNIT).toString('base64url').slice(4, -4);
    for (const hidden of [ADMIN, TOKEN, secret, UNIT, unit]) expect(log).not.toContain(hidden);
  });
});
