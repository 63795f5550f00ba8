import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SwitchyardClient, SwitchyardError } from '../../sdk/src/client.ts';
import { registerFlag, registerFlagEndpoint } from '../support/flags.ts';
import { rankingExperiment, registerRanking } from '../support/ranking-endpoint.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

const run = promisify(execFile);
const INPUTS = [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }];

let gateway: TestGateway;
let upstream: Upstream;
let client: SwitchyardClient;
let secret: string;

beforeAll(async () => {
  upstream = await startUpstream(openInferenceAnswer(1));
  gateway = await startTestGateway();
  await registerRanking(gateway, { aws: upstream.url, gcp: upstream.url });
  await gateway.register('/experiments', rankingExperiment({ audience: { country: 'Österreich' } }));
  await gateway.register('/experiments/ranker-v2/start', {});
  await registerFlagEndpoint(gateway);
  await registerFlag(gateway, 'checkout', { values: [{ value: false }, { value: true }] });
  ({ secret } = await gateway.tenant('acme'));
  client = new SwitchyardClient({ baseUrl: `${gateway.url}/`, apiKey: secret });
});

afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

describe('the client', () => {
  it('infers, and tells who answered', async () => {
    const { outputs, served } = await client.infer('ranking', INPUTS, {
      unit: 'u1',
      context: { country: 'Österreich' },
    });
    expect(outputs).toHaveLength(1);
    expect(served).toMatchObject({ experiment: 'ranker-v2', fallback: false, requestId: expect.any(String) });
    expect(['control', 'treatment']).toContain(served.variant);
    const outside = await client.infer('ranking', INPUTS);
    expect(outside.served).toMatchObject({ experiment: null, variant: null, target: 'ranker-v1-aws' });
  });

  it('throws what the gateway says, and what the network does', async () => {
    const refused = await client.infer('nothing', INPUTS).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(SwitchyardError);
    expect(refused).toMatchObject({
      status: 404,
      code: 'not-found',
      retryable: false,
      requestId: expect.any(String),
    });
    const wrong = new SwitchyardClient({ baseUrl: gateway.url, apiKey: 'sy_wrong' });
    await expect(wrong.infer('ranking', INPUTS)).rejects.toMatchObject({
      status: 401,
      code: 'unauthenticated',
    });
    const nobody = new SwitchyardClient({ baseUrl: 'http://127.0.0.1:1', apiKey: secret, retries: 0 });
    await expect(nobody.reportOutcomes([{ id: 'a', event: 'e', unit: 'user' }])).rejects.toMatchObject({
      status: 0,
      code: 'unreachable',
    });
    const leaving = AbortSignal.abort(new Error('the page was left'));
    await expect(client.infer('ranking', INPUTS, { signal: leaving })).rejects.toThrow('the page was left');
  });

  it('evaluates flags, and gives the default instead of throwing', async () => {
    const one = await client.evaluate('checkout', { targetingKey: 'u1' }, false);
    expect(one).toMatchObject({ reason: 'SPLIT', value: one.variant === 'v1', errorCode: null });
    const all = await client.evaluateAll({ targetingKey: 'u1' });
    expect(all.get('checkout')).toEqual(one);
    expect(await client.evaluate('nothing', { targetingKey: 'u1' }, 'blue')).toEqual({
      key: 'nothing',
      value: 'blue',
      variant: null,
      reason: 'ERROR',
      errorCode: 'FLAG_NOT_FOUND',
    });
    expect(await client.evaluate('checkout', { targetingKey: 'u1' }, 'blue')).toMatchObject({
      value: 'blue',
      errorCode: 'TYPE_MISMATCH',
    });
    expect(await client.evaluate('checkout', {}, true)).toMatchObject({
      value: true,
      errorCode: 'TARGETING_KEY_MISSING',
    });
  });

  it('reports any number of outcomes, and says of each that was not taken where it was', async () => {
    const outcomes = Array.from({ length: 1_002 }, (_, n) => ({
      id: `o${n}`,
      event: 'rated',
      unit: 'user',
      unitId: n === 1_001 ? '' : `u${n}`,
    }));
    const report = await client.reportOutcomes(outcomes);
    expect(report.accepted).toBe(1_001);
    expect(report.rejected).toMatchObject([{ index: 1_001, id: 'o1001', code: 'invalid' }]);
  });

  it('tries a report again while that may help, and an inference never', async () => {
    const answers = [503, 429, 200];
    let asked = 0;
    const flaky: typeof fetch = async (...given) => {
      const status = answers[asked++] ?? 200;
      return status === 200
        ? fetch(...given)
        : Response.json({ code: 'not-ready', retryable: true }, { status });
    };
    const patient = new SwitchyardClient({ baseUrl: gateway.url, apiKey: secret, fetch: flaky });
    const outcome = { id: 'again', event: 'rated', unit: 'user', unitId: 'u' };
    expect(await patient.reportOutcomes([outcome])).toEqual({ accepted: 1, rejected: [] });
    expect(asked).toBe(3);
    asked = 0;
    await expect(patient.infer('ranking', INPUTS)).rejects.toMatchObject({ status: 503 });
    expect(asked).toBe(1);
  });
});

describe('the package', () => {
  it('builds, by what browsers have alone, to JavaScript that runs as it is', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'switchyard-sdk-'));
    try {
      await run(process.execPath, [
        resolve('node_modules/typescript/bin/tsc'),
        ...['--project', 'sdk/tsconfig.json', '--outDir', directory],
      ]);
      const built = await Promise.all(
        ['client.js', 'switchyard-error.js'].map((name) => readFile(join(directory, name), 'utf8')),
      );
      expect(built.join('\n')).not.toMatch(/\b(process|Buffer|require)\b|from '(?!\.\/)/);
      const script = `
        const { SwitchyardClient } = await import(${JSON.stringify(join(directory, 'client.js'))});
        const client = new SwitchyardClient(${JSON.stringify({ baseUrl: gateway.url, apiKey: secret })});
        const { served } = await client.infer('ranking', ${JSON.stringify(INPUTS)}, { context: { country: 'Österreich', user: 'u1' } });
        console.log(served.experiment);`;
      const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script]);
      expect(stdout.trim()).toBe('ranker-v2');
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
