import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a bench asks of a server process, and what it is told. */
export type SubjectMessage = { readonly url: string } | { readonly cpuMicros: number };

/** Says where this process serves, and answers each question for the CPU time it has used so far. */
export function reportTo(url: string): void {
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.({ cpuMicros: user + system } satisfies SubjectMessage);
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.({ url } satisfies SubjectMessage);
}

/** Listens on a free loopback port. */
export async function serve(handler: RequestListener): Promise<Server> {
  const server = createServer({ keepAliveTimeout: 60_000 }, handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  reportTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return server;
}
