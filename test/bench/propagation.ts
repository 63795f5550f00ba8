import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTemporaryServer } from '../support/embedded-server.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';
import { ADMIN_KEY, adminClient, call } from '../support/test-gateway.ts';
import { type BenchResult, median } from './bench-result.ts';
import { configurationOf } from './configuration-of.ts';

const EXPERIMENTS = 1_000;
const CHANGES = 100;
const LOOK_INTERVAL_MS = 5;
const LIMIT_MS = 1_000;
/** A parameter experiment of the configuration, so that it is a flag with an answer of its own. */
const EXPERIMENT = 'experiment-7';

/**
 * Two gateway processes on one database with 1,000 experiments and 1,000 tenants. An experiment is paused and resumed on
 * one of them, the kill switch; the time is from sending that until the other one answers accordingly.
 */
export async function benchPropagation(): Promise<BenchResult> {
  const server = await startTemporaryServer();
  const directories = await Promise.all([1, 2].map(() => mkdtemp(join(tmpdir(), 'switchyard-bench-'))));
  const gateways: GatewayProcess[] = [];
  try {
    for (const directory of directories) {
      gateways.push(
        await startGatewayProcess({ MONGODB_URI: server.uri, DATA_DIR: directory, ADMIN_API_KEY: ADMIN_KEY }),
      );
    }
    const [here, there] = gateways.map(({ url }) => url);
    if (here === undefined || there === undefined) throw new Error('two gateways are needed');
    return report(await measure(here, there));
  } finally {
    await Promise.all(gateways.map((gateway) => gateway.end('SIGTERM')));
    await server.stop();
    await Promise.all(directories.map((directory) => rm(directory, { recursive: true, force: true })));
  }
}

async function measure(here: string, there: string): Promise<{ answered: number[]; served: number[] }> {
  const client = adminClient(here);
  const applied = await client.admin('PUT', '/config', fileOf());
  if (applied.status !== 200) throw new Error(JSON.stringify(applied.body).slice(0, 500));
  const { body } = await client.register('/tenants/tenant-0/keys', { name: 'bench' });
  const samples = { answered: [] as number[], served: [] as number[] };
  for (let change = -4; change < CHANGES; change++) {
    const isPaused = change % 2 === 0;
    // Not in step with the other gateway's poll.
    await sleep(50 + (((change + 4) * 37) % 250));
    const started = performance.now();
    await client.register(`/experiments/${EXPERIMENT}/${isPaused ? 'pause' : 'resume'}`, {});
    const answered = performance.now() - started;
    while ((await isDisabled(there, body.secret)) !== isPaused) await sleep(LOOK_INTERVAL_MS);
    if (change < 0) continue;
    samples.answered.push(answered);
    samples.served.push(performance.now() - started);
  }
  return samples;
}

async function isDisabled(url: string, secret: string): Promise<boolean> {
  const { status, body } = await call(`${url}/ofrep/v1/evaluate/flags/${EXPERIMENT}`, {
    method: 'POST',
    headers: { 'x-api-key': secret, 'content-type': 'application/json' },
    body: JSON.stringify({ context: { targetingKey: 'user-1', country: 'DE', age: 30 } }),
  });
  // The key itself takes its time to get there.
  return status === 200 && body.reason === 'DISABLED';
}

/** The configuration as a file: kinds of resources, each with its things. */
function fileOf(): Record<string, unknown[]> {
  const byKind = Map.groupBy(configurationOf(EXPERIMENTS), ({ kind }) => kind);
  return Object.fromEntries(
    [...byKind].map(([kind, documents]) => [kind, documents.map(({ value }) => value)]),
  );
}

function report({ answered, served }: { answered: number[]; served: number[] }): BenchResult {
  const p99 = served.toSorted((left, right) => left - right)[Math.floor(served.length * 0.99)] ?? Number.NaN;
  return {
    name: `a change reaches the other gateway, ${EXPERIMENTS.toLocaleString('en')} experiments and 1,000 tenants`,
    unit: 'ms',
    rows: [
      { subject: 'answered, and served by the gateway that was asked', median: median(answered) },
      { subject: 'served by the other gateway', median: median(served) },
      { subject: 'the same, 99th percentile', median: p99 },
    ],
    ratios: [{ label: `${LIMIT_MS} ms / 99th percentile`, value: LIMIT_MS / p99, budget: 1 }],
  };
}
