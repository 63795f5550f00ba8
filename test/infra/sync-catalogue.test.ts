import { execFile } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalogueOf, type PlacedCloud } from '../../infra/catalogue.ts';
import { syncCatalogue } from '../../infra/targets/sync-catalogue.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { ADMIN_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';

const MODEL = {
  model: 'ranker',
  version: 'v1',
  artifact: 'ranker/v1.onnx',
  sha256: 'a'.repeat(64),
  sizeBytes: 10,
};

const PLACED: readonly PlacedCloud[] = [
  { cloud: 'aws', region: 'eu-west-1', runnerUrl: 'https://runner.acme.example', modelsUri: 's3://models/' },
  { cloud: 'gcp', region: 'europe-west1', runnerUrl: 'https://runner.run.app', modelsUri: 'gs://models/' },
];

describe('the targets of a stack', () => {
  let gateway: TestGateway;
  const catalogue = catalogueOf([MODEL], PLACED);
  const sync = (wanted = catalogue) => syncCatalogue(wanted, { url: gateway.url, adminKey: ADMIN_KEY });
  const revision = async () =>
    (await gateway.admin('GET', '/audit?limit=1')).body.items[0]?.revision as number;

  beforeAll(async () => {
    gateway = await startTestGateway();
  });
  afterAll(() => gateway.stop());

  it('are registered with their models and versions, for an experiment to name both clouds at once', async () => {
    expect((await sync()).map(({ path, outcome }) => `${outcome} ${path}`)).toEqual([
      'created models/ranker',
      'created models/ranker/versions/v1',
      'created targets/ranker-v1-aws-eu-west-1',
      'created targets/ranker-v1-gcp-europe-west1',
    ]);
    const { body } = await gateway.admin('GET', '/targets/ranker-v1-gcp-europe-west1');
    expect(body).toMatchObject({
      cloud: 'gcp',
      model: 'ranker',
      url: 'https://runner.run.app',
      auth: { kind: 'google-id-token' },
    });
    await gateway.register('/endpoints', { key: 'ranking', defaultTarget: 'ranker-v1-aws-eu-west-1' });
    await gateway.register('/experiments', {
      key: 'clouds',
      endpoint: 'ranking',
      unit: 'user',
      variants: [
        { key: 'aws', weight: 5_000, target: 'ranker-v1-aws-eu-west-1' },
        { key: 'gcp', weight: 5_000, target: 'ranker-v1-gcp-europe-west1' },
      ],
    });
  });

  it('are left as they are the second time', async () => {
    const before = await revision();
    expect((await sync()).map(({ outcome }) => outcome)).toEqual(Array(4).fill('unchanged'));
    expect(await revision()).toBe(before);
  });

  it('follow the stack when it changes, and keep what an operator has added', async () => {
    const path = '/targets/ranker-v1-aws-eu-west-1';
    const { body, headers } = await gateway.admin('GET', path);
    const { revision: _r, createdAt: _c, updatedAt: _u, ...value } = body;
    await gateway.admin('PUT', path, { ...value, timeoutMs: 700 }, { 'if-match': headers.get('etag') ?? '' });
    const [aws, gcp] = PLACED;
    if (aws === undefined || gcp === undefined) return expect.fail('both clouds are placed');
    const moved = catalogueOf([MODEL], [{ ...aws, runnerUrl: 'https://runner.moved.example' }, gcp]);
    expect((await sync(moved)).map(({ outcome }) => outcome)).toEqual([
      'unchanged',
      'unchanged',
      'changed',
      'unchanged',
    ]);
    expect((await gateway.admin('GET', path)).body).toMatchObject({
      url: 'https://runner.moved.example',
      timeoutMs: 700,
    });
  });

  it('refuse other bytes under a version that is there', async () => {
    const other = catalogueOf([{ ...MODEL, sha256: 'b'.repeat(64) }], PLACED);
    await expect(sync(other)).rejects.toThrow(/a version never changes/);
  });

  it("fail with the gateway's own words, and without the key", async () => {
    const failed = syncCatalogue(catalogue, { url: gateway.url, adminKey: 'not-the-admin-key' });
    await expect(failed).rejects.toThrow(/401.*unauthenticated/);
    await expect(failed).rejects.not.toThrow(/not-the-admin-key/);
  });

  it('come from the stack by one command', async () => {
    const bin = await temporaryDirectory();
    // A double of the CLI: it answers one stack's outputs.
    const outputs = JSON.stringify({ url: 'http://127.0.0.1:1', catalogue });
    await writeFile(
      join(bin, 'pulumi'),
      `#!/bin/sh\n[ "$*" = "stack output --json --stack prod" ] && echo '${outputs}'\n`,
    );
    await chmod(join(bin, 'pulumi'), 0o755);
    const { stdout } = await promisify(execFile)(process.execPath, ['infra/targets/main.ts', 'prod'], {
      env: {
        PATH: `${bin}${delimiter}${process.env['PATH']}`,
        ADMIN_API_KEY: ADMIN_KEY,
        SWITCHYARD_URL: gateway.url,
      },
    });
    expect(stdout).toMatch(/^unchanged models\/ranker$/m);
    expect(stdout).toMatch(/^changed {3}targets\/ranker-v1-aws-eu-west-1$/m);
  });
});
