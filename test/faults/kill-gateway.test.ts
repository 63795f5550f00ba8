import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomFrom } from '../../models/samples/random.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';
import { readLake } from '../support/lake.ts';
import { INFER_BODY, rankingExperiment, registerRanking } from '../support/ranking-endpoint.ts';
import { ADMIN_KEY, adminClient } from '../support/test-gateway.ts';
import { openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

const SEED = 20_261_124;
const ROUNDS = 10;
const CLIENTS = 16;

let directory: string;
let upstream: Upstream;
let secret: string;

const start = (settings: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> =>
  startGatewayProcess({ DATA_DIR: directory, ADMIN_API_KEY: ADMIN_KEY, ...settings });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'switchyard-'));
  upstream = await startUpstream(openInferenceAnswer(1));
  const gateway = await start();
  const client = adminClient(gateway.url);
  await registerRanking(client, { aws: upstream.url, gcp: upstream.url });
  await client.register('/experiments', rankingExperiment());
  await client.register('/experiments/ranker-v2/start', {});
  ({ secret } = await client.tenant('acme'));
  await gateway.end('SIGKILL');
}, 60_000);

afterAll(async () => {
  await upstream.stop();
  await rm(directory, { recursive: true, force: true });
});

/** What a client has in its hands: the answer, whole. */
interface Answered {
  readonly requestId: string;
  readonly variant: string;
}

/** One client, asking until the gateway is gone. */
async function askUntilGone(url: string, name: string, answered: Answered[]): Promise<void> {
  for (let index = 0; ; index++) {
    try {
      const response = await fetch(`${url}/v2/models/ranking/infer`, {
        method: 'POST',
        headers: { 'x-api-key': secret, 'x-switchyard-unit': `${name}-${index % 50}` },
        body: INFER_BODY,
      });
      await response.arrayBuffer();
      const requestId = response.headers.get('x-request-id');
      const variant = response.headers.get('x-switchyard-variant');
      if (response.status === 200 && requestId !== null && variant !== null)
        answered.push({ requestId, variant });
    } catch {
      return; // the gateway was killed
    }
  }
}

describe('a gateway that is killed under load', () => {
  it('loses and doubles no exposure whose answer reached the client', async () => {
    const random = randomFrom(SEED);
    const answered: Answered[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const before = answered.length;
      const gateway = await start();
      const clients = Array.from({ length: CLIENTS }, (_, index) =>
        askUntilGone(gateway.url, `u${index}`, answered),
      );
      // Half of the rounds are killed while the spool is on its way to the lake.
      const shipping = random() < 0.5;
      await sleep(100 + random() * 900);
      if (shipping) {
        adminClient(gateway.url)
          .admin('GET', '/experiments/ranker-v2/results?fresh=true')
          .catch(() => undefined); // its answer is not what matters: the gateway is killed meanwhile
        await sleep(random() * 60);
      }
      await gateway.end('SIGKILL');
      await Promise.all(clients);
      expect(answered.length, `round ${round}`).toBeGreaterThan(before);
    }

    const gateway = await start();
    const results = await adminClient(gateway.url).admin('GET', '/experiments/ranker-v2/results?fresh=true');
    expect(results.status).toBe(200);
    const rows = await readLake(directory, 'exposures');
    expect(await gateway.end('SIGTERM')).toEqual({ code: 0, signal: null });

    const byId = Map.groupBy(rows, ({ id }) => String(id));
    const missing = answered.filter(({ requestId }) => !byId.has(requestId));
    expect(missing, `${missing.length} of ${answered.length} are missing`).toEqual([]);
    expect([...byId.values()].filter((found) => found.length > 1)).toEqual([]);
    const variants = new Map(answered.map(({ requestId, variant }) => [requestId, variant]));
    for (const row of rows) {
      expect(row).toMatchObject({
        tenant: 'acme',
        endpoint: 'ranking',
        experiment: 'ranker-v2',
        unit: expect.stringMatching(/^[\w-]{22}$/),
        propensity_bp: 5_000,
        request_id: row['id'],
        status: 200,
        fallback: false,
        error: null,
      });
      expect(row['variant']).toBe(variants.get(String(row['id'])) ?? row['variant']);
    }
    expect(results.body.exposures.total).toBe(byId.size);
    expect(results.body.exposures.excludedUnits).toBe(0);
  });

  it('loses and doubles none either when the process that ships is killed, or one of those that serve', async () => {
    const random = randomFrom(SEED + 1);
    const answered: Answered[] = [];
    for (let round = 0; round < 4; round++) {
      const before = answered.length;
      const gateway = await start({ WORKERS: '2', LOG_LEVEL: 'info' });
      const clients = Array.from({ length: CLIENTS }, (_, index) =>
        askUntilGone(gateway.url, `w${index}`, answered),
      );
      await sleep(300 + random() * 900);
      const admin = adminClient(gateway.url).admin;
      const shipped = admin('GET', '/experiments/ranker-v2/results?fresh=true').catch(() => undefined);
      await sleep(random() * 100);
      const serving = gateway.lines.flatMap((line) =>
        line.includes('"msg":"request"') ? [JSON.parse(line).pid] : [],
      );
      // Its clients' connections break, and what it had acknowledged is in its segments.
      if (round % 2 === 1) process.kill(serving.at(-1), 'SIGKILL');
      await sleep(round % 2 === 1 ? 300 : 0);
      await gateway.end('SIGKILL');
      await Promise.all([...clients, shipped]);
      expect(answered.length, `round ${round}`).toBeGreaterThan(before);
    }

    const gateway = await start();
    const results = await adminClient(gateway.url).admin('GET', '/experiments/ranker-v2/results?fresh=true');
    const rows = await readLake(directory, 'exposures');
    expect(await gateway.end('SIGTERM')).toEqual({ code: 0, signal: null });

    const byId = Map.groupBy(rows, ({ id }) => String(id));
    expect(answered.filter(({ requestId }) => !byId.has(requestId))).toEqual([]);
    expect([...byId.values()].filter((found) => found.length > 1)).toEqual([]);
    expect(results.body.exposures.total).toBe(byId.size);
  });
});
