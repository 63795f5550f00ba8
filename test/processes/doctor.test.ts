import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../support/run-cli.ts';
import { ADMIN_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

let gateway: TestGateway;
let directory: string;
let occupied: Server;
/** A double: it says that it is ready, has nothing registered, and lives in an hour from now. */
let clockAnHourAhead: Upstream;
let occupiedPort: number;

beforeAll(async () => {
  gateway = await startTestGateway();
  clockAnHourAhead = await startUpstream((_request, response) => {
    response.setHeader('date', new Date(Date.now() + 3_600_000).toUTCString());
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ revision: 1, items: [], next: null }));
  });
  directory = await mkdtemp(join(tmpdir(), 'switchyard-doctor-'));
  occupied = createServer();
  await new Promise<void>((resolve) => occupied.listen(0, '127.0.0.1', resolve));
  const address = occupied.address();
  occupiedPort = typeof address === 'object' && address !== null ? address.port : 0;
});

afterAll(async () => {
  await gateway.stop();
  await clockAnHourAhead.stop();
  await new Promise((resolve) => occupied.close(resolve));
  await rm(directory, { recursive: true, force: true });
});

interface Finding {
  readonly what: string;
  readonly state: string;
  readonly detail: string;
  readonly mend?: string;
}

/** A run on a sound machine, but for what `planted` says. */
async function doctor(planted: Readonly<Record<string, string>> = {}, url = gateway.url) {
  const run = await runCli(['--url', url, '--json', 'doctor'], {
    env: {
      ADMIN_API_KEY: ADMIN_KEY,
      DATA_DIR: join(directory, 'data'),
      PORT: '0',
      METRICS_PORT: '0',
      ...planted,
    },
  });
  return { run, findings: JSON.parse(run.stdout) as Finding[] };
}

const notOk = (findings: readonly Finding[]) => findings.filter(({ state }) => state !== 'ok');

describe('switchyard doctor', () => {
  it('finds nothing on a sound machine and exits with 0', async () => {
    const { run, findings } = await doctor();
    expect(notOk(findings)).toEqual([]);
    expect(run.exitCode).toBe(0);
  });

  const file = () => join(directory, 'a-file');

  it.each<{ fault: string; plant: () => Readonly<Record<string, string>>; finds: Partial<Finding> }>([
    {
      fault: 'a setting that cannot be',
      plant: () => ({ LOG_LEVEL: 'loud' }),
      finds: { what: 'settings', state: 'wrong' },
    },
    {
      fault: 'a data directory that cannot be written',
      plant: () => ({ DATA_DIR: join(file(), 'below') }),
      finds: { what: 'DATA_DIR', state: 'wrong' },
    },
    {
      fault: 'a port that somebody else has',
      plant: () => ({ PORT: String(occupiedPort) }),
      finds: { what: 'PORT', state: 'warning' },
    },
    {
      fault: 'an address that is not of this machine',
      plant: () => ({ HOST: '192.0.2.1', METRICS_PORT: '9090' }),
      finds: { what: 'METRICS_PORT', state: 'wrong' },
    },
    {
      fault: 'a database that does not answer',
      plant: () => ({ MONGODB_URI: 'mongodb://127.0.0.1:9/' }),
      finds: { what: 'MONGODB_URI', state: 'wrong' },
    },
    {
      fault: 'a lake that cannot be written',
      plant: () => ({ LAKE_URI: pathToFileURL(join(file(), 'lake')).href }),
      finds: { what: 'LAKE_URI', state: 'wrong' },
    },
    {
      fault: 'a key that does not open',
      plant: () => ({ ADMIN_API_KEY: 'not-the-key-of-this-one' }),
      finds: { what: 'key', state: 'wrong' },
    },
  ])('finds $fault, and says how to mend it', async ({ plant, finds }) => {
    await writeFile(file(), 'in the way of a directory');
    const { findings } = await doctor(plant());
    expect(notOk(findings)).toEqual(
      expect.arrayContaining([expect.objectContaining({ ...finds, mend: expect.any(String) })]),
    );
  });

  it('finds a clock that is not the one here', async () => {
    const { findings } = await doctor({}, clockAnHourAhead.url);
    expect(notOk(findings)).toMatchObject([
      {
        what: 'gateway clock',
        state: 'warning',
        detail: expect.stringMatching(/^its clock is 3[56]\d\d s ahead of the one here$/),
      },
    ]);
  });

  it('finds a gateway that does not answer, which is no fault before the first start', async () => {
    const { run, findings } = await doctor({}, 'http://127.0.0.1:9');
    expect(notOk(findings)).toMatchObject([{ what: 'gateway', state: 'warning' }]);
    expect(run.exitCode).toBe(0);
  });

  it('finds a target without its token, one that is away, and an artifact that is gone', async () => {
    const at = { kind: 'http', cloud: 'aws', region: 'eu-central-1', url: 'http://127.0.0.1:9' };
    await gateway.register('/targets', { key: 'away', ...at });
    await gateway.register('/targets', { key: 'no-token', ...at, apiKeyEnv: 'SWITCHYARD_TARGET_LOST' });
    await gateway.register('/models', { key: 'gone' });
    await gateway.register('/models/gone/versions', {
      version: 'v1',
      sha256: 'a'.repeat(64),
      sizeBytes: 1,
      artifacts: [pathToFileURL(join(directory, 'gone.onnx')).href],
    });
    const { run, findings } = await doctor();
    expect(notOk(findings)).toMatchObject([
      { what: 'target away', detail: expect.stringContaining('cannot be reached') },
      { what: 'target no-token', detail: expect.stringContaining('SWITCHYARD_TARGET_LOST') },
      { what: 'artifact', detail: expect.stringContaining('gone.onnx') },
    ]);
    expect(run.exitCode).toBe(1);
  });
});
