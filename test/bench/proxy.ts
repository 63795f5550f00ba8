import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { INFER_BODY } from '../support/ranking-endpoint.ts';
import { type BenchResult, median } from './bench-result.ts';
import type { SubjectMessage } from './subjects/serve.ts';

const ROUNDS = 5;
const SECONDS_PER_ROUND = 3;
const CONNECTIONS = 32;
const UNITS = 500;

/** A server in a process of its own, and how it is asked. */
export interface Subject {
  readonly name: string;
  readonly child: ChildProcess;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of every request; a minimal inference unless given. */
  readonly body?: string;
}

/**
 * Requests per second of CPU time that the server process used, so that the load generator and the upstream,
 * which run beside it, do not count. All subjects take the same requests, in turn, in one run.
 */
export async function benchProxy(): Promise<BenchResult> {
  const upstream = await start('upstream');
  const children = [upstream];
  try {
    const peers = await Promise.all([
      start('express-http-proxy-middleware', upstream.url),
      start('undici-proxy', upstream.url),
    ]);
    const gateway = await start('gateway', upstream.url);
    children.push(...peers, gateway);
    const [express, undici] = peers;
    const [origin = '', secret = ''] = gateway.url.split('#');
    const keyed = { 'x-api-key': secret };
    const subjects: readonly Subject[] = [
      { ...express, name: 'Express + http-proxy-middleware', headers: {} },
      { ...undici, name: 'undici proxy', headers: {} },
      { ...gateway, name: 'Switchyard, inference', url: `${origin}/v2/models/ranking/infer`, headers: keyed },
      { ...gateway, name: 'Switchyard, passthrough', url: `${origin}/v1/proxy/pages/infer`, headers: keyed },
    ];
    return report(await measure(subjects));
  } finally {
    for (const { child } of children) child.disconnect();
  }
}

/** Starts one of the subjects; its URL may carry more behind a `#`. */
export async function start(
  name: string,
  ...args: string[]
): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const path = fileURLToPath(new URL(`./subjects/${name}.ts`, import.meta.url));
  const child = fork(path, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [message] = (await once(child, 'message')) as [SubjectMessage];
  return { child, url: 'url' in message ? message.url : '' };
}

/** Requests per CPU second of each subject, round by round. */
export async function measure(subjects: readonly Subject[]): Promise<Map<string, number[]>> {
  const samples = new Map<string, number[]>(subjects.map(({ name }) => [name, []]));
  for (let round = -1; round < ROUNDS; round++) {
    for (const subject of subjects) {
      const rate = await requestsPerCpuSecond(subject);
      // The first round only lets the compiler see the code.
      if (round >= 0) samples.get(subject.name)?.push(rate);
    }
  }
  return samples;
}

async function requestsPerCpuSecond({
  child,
  name,
  url,
  headers,
  body = INFER_BODY,
}: Subject): Promise<number> {
  const before = await cpuMicros(child);
  const result = await autocannon({
    url,
    connections: CONNECTIONS,
    duration: SECONDS_PER_ROUND,
    requests: Array.from({ length: UNITS }, (_, unit) => ({
      method: 'POST' as const,
      headers: { 'content-type': 'application/json', 'x-switchyard-unit': `unit-${unit}`, ...headers },
      body,
    })),
  });
  const failures = result.non2xx + result.errors + result.timeouts;
  if (failures > 0) throw new Error(`${name}: ${failures} of ${result.requests.total} requests failed`);
  return result.requests.total / (((await cpuMicros(child)) - before) / 1e6);
}

async function cpuMicros(child: ChildProcess): Promise<number> {
  const answer = once(child, 'message');
  child.send('cpu');
  const [message] = (await answer) as [SubjectMessage];
  return 'cpuMicros' in message ? message.cpuMicros : 0;
}

function report(samples: ReadonlyMap<string, readonly number[]>): BenchResult {
  const of = (name: string) => samples.get(name) ?? [];
  const ratio = (name: string, peer: string) =>
    median(of(name).map((rate, round) => rate / (of(peer)[round] ?? 0)));
  return {
    name: `proxied path, ${CONNECTIONS} connections, everything on`,
    unit: 'requests per CPU second',
    rows: [...samples].map(([subject, rates]) => ({ subject, median: median([...rates]) })),
    ratios: [
      {
        label: 'inference / Express + http-proxy-middleware',
        value: ratio('Switchyard, inference', 'Express + http-proxy-middleware'),
        budget: 2,
      },
      {
        label: 'inference / undici proxy',
        value: ratio('Switchyard, inference', 'undici proxy'),
        budget: 0.6,
      },
      {
        label: 'passthrough / Express + http-proxy-middleware',
        value: ratio('Switchyard, passthrough', 'Express + http-proxy-middleware'),
        budget: 0.9,
      },
    ],
  };
}
