import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GatewayProcess, runToItsEnd, startGatewayProcess } from '../support/gateway-process.ts';
import { INFER_BODY, rankingExperiment, registerRanking } from '../support/ranking-endpoint.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { ADMIN_KEY, adminClient, call } from '../support/test-gateway.ts';
import { openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

describe('a gateway of two processes', () => {
  let directory: string;
  let upstream: Upstream;
  let gateway: GatewayProcess;
  let client: ReturnType<typeof adminClient>;
  let secret: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'switchyard-'));
    upstream = await startUpstream(openInferenceAnswer(1));
    gateway = await startGatewayProcess({ DATA_DIR: directory, ADMIN_API_KEY: ADMIN_KEY, WORKERS: '2' });
    client = adminClient(gateway.url);
    await registerRanking(client, { aws: upstream.url, gcp: upstream.url });
    await client.register('/experiments', rankingExperiment());
    await client.register('/experiments/ranker-v2/start', {});
    ({ secret } = await client.tenant('acme'));
  }, 30_000);

  afterAll(async () => {
    await gateway.end('SIGKILL');
    await upstream.stop();
    await rm(directory, { recursive: true, force: true });
  });

  /** A connection of its own for each request: connections are what the processes share out. */
  const infer = (user = 'u1', connection = 'close') =>
    call(`${gateway.url}/v2/models/ranking/infer`, {
      method: 'POST',
      headers: { 'x-api-key': secret, 'x-switchyard-unit': user, connection },
      body: INFER_BODY,
    });

  /** Processes by how many requests each has logged. */
  const served = () => {
    const counts = new Map<number, number>();
    for (const line of gateway.lines) {
      if (!line.includes('"msg":"request"')) continue;
      const { pid } = JSON.parse(line);
      counts.set(pid, (counts.get(pid) ?? 0) + 1);
    }
    return counts;
  };

  const metric = async (name: string) => {
    const { body } = await call(gateway.metricsUrl);
    return String(body)
      .split('\n')
      .filter((line) => line.startsWith(name))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  };

  it('serves from both, and every change is served by both within a second', async () => {
    const targets = async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => infer()));
      return new Set(answers.map(({ headers }) => headers.get('x-switchyard-target')));
    };
    await expect.poll(targets).not.toContain(null);
    await expect.poll(() => served().size).toBe(2);
    expect(served().has(gateway.pid)).toBe(false);
    const blinded = { key: 'ranking', defaultTarget: 'ranker-v1-aws', blinded: true };
    await client.admin('PUT', '/endpoints/ranking', blinded, { 'if-match': '*' });
    await sleep(1_000);
    expect(await targets()).toEqual(new Set([null]));
  });

  it('gives results of what both have served, and metrics of both together', async () => {
    const before = (await client.admin('GET', '/experiments/ranker-v2/results?fresh=true')).body.exposures
      .total;
    const counted = await metric('switchyard_requests_total{');
    const processes = served();
    await Promise.all(Array.from({ length: 40 }, (_, index) => infer(`u${index}`)));
    const after = await client.admin('GET', '/experiments/ranker-v2/results?fresh=true');
    expect(after.body.exposures.total - before).toBe(40);
    expect((await metric('switchyard_requests_total{')) - counted).toBe(40);
    expect(await metric('switchyard_lake_shipped_records_total{kind="exposures"}')).toBe(before + 40);
    const busier = () => [...served()].filter(([pid, count]) => count > (processes.get(pid) ?? 0));
    await expect.poll(busier).toHaveLength(2);
  });

  it('replaces one that is killed, and goes on serving meanwhile', async () => {
    const before = (await client.admin('GET', '/experiments/ranker-v2/results?fresh=true')).body.exposures
      .total;
    const known = new Set(served().keys());
    const [victim = 0] = known;
    await Promise.all(Array.from({ length: 10 }, () => infer()));
    process.kill(victim, 'SIGKILL');
    await expect
      .poll(
        async () => (await infer()).status.toString() + [...served().keys()].some((pid) => !known.has(pid)),
        {
          timeout: 10_000,
        },
      )
      .toBe('200true');
    // What the dead one had answered is in its segments, and they are shipped too.
    const { body } = await client.admin('GET', '/experiments/ranker-v2/results?fresh=true');
    expect(body.exposures.total).toBeGreaterThanOrEqual(before + 11);
    expect(await metric('switchyard_configuration_fresh')).toBe(2);
  });

  it('ends with 0 soon after SIGTERM, and requests under way get their answers', async () => {
    upstream.behave(
      (request, response) => void setTimeout(() => openInferenceAnswer(1)(request, response), 300),
    );
    const asked = upstream.requests.length;
    const underWay = Array.from({ length: 4 }, () => infer('u1', 'keep-alive'));
    await expect.poll(() => upstream.requests.length - asked).toBe(4);
    const startedMs = performance.now();
    const ended = gateway.end('SIGTERM');
    expect((await Promise.all(underWay)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    const errors = gateway.lines.filter((line) => /"level":(50|60)/.test(line));
    expect(errors.filter((line) => !line.includes('a worker died'))).toEqual([]);
  });
});

describe('the start', () => {
  it('is refused with every wrong setting at once, and no value of any', async () => {
    const directory = await temporaryDirectory();
    const { code, output } = await runToItsEnd({
      DATA_DIR: directory,
      PORT: '99999',
      WORKERS: 'many',
      ADMIN_API_KEY: 'short',
      LAKE_URI: 'ftp://x',
      MONGODB_URI: 'mysql://user:password@host',
    });
    expect(code).toBe(78);
    for (const name of ['PORT', 'WORKERS', 'ADMIN_API_KEY', 'LAKE_URI', 'MONGODB_URI']) {
      expect(output).toMatch(new RegExp(`^  ${name}: `, 'm'));
    }
    expect(output).not.toMatch(/password|short/);
  });

  it.each(['1', '2'])('ends with 1 when the port is taken, with WORKERS=%s', async (workers) => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { code, output } = await runToItsEnd({
      DATA_DIR: await temporaryDirectory(),
      ADMIN_API_KEY: ADMIN_KEY,
      PORT: String(port),
      WORKERS: workers,
    });
    taken.close();
    expect(code).toBe(1);
    expect(output).toContain('EADDRINUSE');
  });

  it('makes an admin key, prints it once, and keeps it', async () => {
    const DATA_DIR = await temporaryDirectory();
    const first = await startGatewayProcess({ DATA_DIR });
    const key = /sya_[\w-]{43}/.exec(first.lines.join('\n'))?.[0] ?? 'none';
    expect(first.lines.join('\n').split(key)).toHaveLength(2);
    const admin = adminClient(first.url, key);
    expect(await admin.admin('GET', '/tenants')).toMatchObject({ status: 200 });
    expect(await adminClient(first.url).admin('GET', '/tenants')).toMatchObject({ status: 401 });
    expect(await first.end('SIGTERM')).toEqual({ code: 0, signal: null });

    const second = await startGatewayProcess({ DATA_DIR });
    expect(second.lines.join('\n')).not.toContain('sya_');
    expect(await adminClient(second.url, key).admin('GET', '/tenants')).toMatchObject({ status: 200 });
    expect(await second.end('SIGINT')).toEqual({ code: 0, signal: null });
  });

  it('is refused on a data directory that another gateway has', async () => {
    const settings = { DATA_DIR: await temporaryDirectory(), ADMIN_API_KEY: ADMIN_KEY };
    const first = await startGatewayProcess(settings);
    const { code, output } = await runToItsEnd(settings);
    expect(code).toBe(1);
    expect(output).toContain('is in use by another process');
    expect(await call(`${first.url}/readyz`)).toMatchObject({ status: 200 });
    await first.end('SIGTERM');
  });
});
