import { Agent, createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How often a backend's readiness is asked for, as balancers do every second or so. */
const CHECK_INTERVAL_MS = 100;

/** A balancer of HTTP as plain as one can be: round robin over the backends that say that they are ready; it never tries again. */
export interface LoadBalancer {
  readonly url: string;
  add(url: string): void;
  remove(url: string): void;
  /** How many backends are ready now. */
  ready(): number;
  stop(): Promise<void>;
}

export async function startLoadBalancer(): Promise<LoadBalancer> {
  const agent = new Agent({ keepAlive: true });
  const backends = new Map<string, boolean>();
  let turn = 0;
  const check = async (url: string) => {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(1_000) }).catch(() => null);
    await answer?.arrayBuffer();
    if (backends.has(url)) backends.set(url, answer?.status === 200);
  };
  const timer = setInterval(() => {
    for (const url of backends.keys()) void check(url);
  }, CHECK_INTERVAL_MS);
  const readyOnes = () => [...backends].filter(([, ready]) => ready).map(([url]) => url);
  const server = createServer((incoming, outgoing) => {
    const ready = readyOnes();
    turn += 1;
    const url = ready[turn % ready.length];
    const lost = () => outgoing.headersSent || outgoing.writeHead(599).end();
    if (url === undefined) return void lost();
    const { method, headers } = incoming;
    const passed = httpRequest(`${url}${incoming.url}`, { method, headers, agent }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 599);
      answer.on('error', () => outgoing.destroy()).pipe(outgoing);
    });
    passed.on('error', lost);
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    add: (url) => {
      backends.set(url, false);
      void check(url);
    },
    remove: (url) => backends.delete(url),
    ready: () => readyOnes().length,
    stop: () => {
      clearInterval(timer);
      agent.destroy();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
