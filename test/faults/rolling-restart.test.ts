import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTemporaryServer } from '../support/embedded-server.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';
import { type LoadBalancer, startLoadBalancer } from '../support/load-balancer.ts';
import { INFER_BODY, registerRanking } from '../support/ranking-endpoint.ts';
import { ADMIN_KEY, adminClient } from '../support/test-gateway.ts';
import { openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

const CLIENTS = 8;

let database: Awaited<ReturnType<typeof startTemporaryServer>>;
let balancer: LoadBalancer;
let upstream: Upstream;
const directories: string[] = [];
const running = new Set<GatewayProcess>();

beforeAll(async () => {
  [database, balancer] = await Promise.all([startTemporaryServer(), startLoadBalancer()]);
  upstream = await startUpstream(
    (request, response) => void sleep(20).then(() => openInferenceAnswer(1)(request, response)),
  );
});

afterAll(async () => {
  await Promise.all([...running].map((gateway) => gateway.end('SIGKILL')));
  await Promise.all([balancer.stop(), upstream.stop()]);
  await database.stop();
  for (const directory of directories) await rm(directory, { recursive: true, force: true });
});

async function start(workers: number): Promise<GatewayProcess> {
  const directory = await mkdtemp(join(tmpdir(), 'switchyard-roll-'));
  directories.push(directory);
  const gateway = await startGatewayProcess({
    DATA_DIR: directory,
    MONGODB_URI: database.uri,
    ADMIN_API_KEY: ADMIN_KEY,
    LOG_LEVEL: 'info',
    WORKERS: String(workers),
    DRAIN_NOTICE_MS: '1500',
  });
  running.add(gateway);
  balancer.add(gateway.url);
  return gateway;
}

async function stop(gateway: GatewayProcess): Promise<void> {
  expect(await gateway.end('SIGTERM')).toMatchObject({ code: 0 });
  running.delete(gateway);
  balancer.remove(gateway.url);
}

/** Clients that ask one request after the other until told to stop; answers how often each status came. */
function load(secret: string) {
  let stopping = false;
  const statuses = new Map<string, number>();
  const client = async (path: string) => {
    while (!stopping) {
      const answer = await fetch(`${balancer.url}${path}`, {
        method: 'POST',
        headers: { 'x-api-key': secret },
        body: INFER_BODY,
      }).then(
        async (response) => {
          await response.arrayBuffer();
          return String(response.status);
        },
        (error: unknown) => String(error),
      );
      statuses.set(answer, (statuses.get(answer) ?? 0) + 1);
    }
  };
  const paths = ['/v2/models/ranking/infer', '/v1/proxy/pages/x'];
  const done = Promise.all(Array.from({ length: CLIENTS }, (_, index) => client(paths[index % 2] ?? '')));
  return {
    end: async () => {
      stopping = true;
      await done;
      return statuses;
    },
  };
}

describe('a rolling restart under load', () => {
  it('loses no request, of one process or of several workers that share a port, while the configuration changes', async () => {
    const first = await start(1);
    const admin = adminClient(first.url);
    await registerRanking(admin, { aws: upstream.url, gcp: upstream.url });
    await admin.register('/targets', {
      key: 'pages',
      kind: 'http',
      cloud: 'aws',
      region: 'r',
      url: upstream.url,
    });
    await admin.register('/endpoints', { key: 'pages', defaultTarget: 'pages' });
    const { secret } = await admin.tenant('acme');
    await expect.poll(() => balancer.ready(), { timeout: 10_000 }).toBe(1);
    const clients = load(secret);
    let last = first;
    for (const workers of [2, 1]) {
      const next = await start(workers);
      await expect.poll(() => balancer.ready(), { timeout: 30_000 }).toBe(2);
      for (let change = 0; change < 5; change++) {
        await adminClient(next.url).register('/segments', { key: `s-${workers}-${change}`, values: ['a'] });
      }
      await stop(last);
      last = next;
    }
    const statuses = await clients.end();
    await stop(last);
    expect([...statuses.keys()]).toEqual(['200']);
    expect(statuses.get('200')).toBeGreaterThan(200);
  });
});
