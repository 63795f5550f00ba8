import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { GatewayConfig } from '../../gateway/config.ts';
import { type Finding, fine, reasonOf, unwise, wrong } from './finding.ts';

/** Room for an hour of exposures at a thousand a second, of some 600 bytes each. */
const LEAST_FREE_BYTES = 2 * 1024 ** 3;

/** Whether the data directory can be written and has room, and whether the ports can be had. */
export async function examineDataDirectory(config: GatewayConfig): Promise<Finding[]> {
  return [
    await writable(config.dataDir),
    await portFinding('PORT', config.host, config.port),
    await portFinding('METRICS_PORT', config.host, config.metricsPort),
  ];
}

async function writable(directory: string): Promise<Finding> {
  const probe = join(directory, `.doctor-${process.pid}`);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeFile(probe, 'probe');
    await rm(probe);
  } catch (error) {
    return wrong(
      'DATA_DIR',
      reasonOf(error),
      `let the user of this process write to ${directory}, or set DATA_DIR`,
    );
  }
  const { bavail, bsize } = await statfs(directory);
  const free = bavail * bsize;
  const room = `${(free / 1024 ** 3).toFixed(1)} GiB free in ${directory}`;
  return free >= LEAST_FREE_BYTES
    ? fine('DATA_DIR', room)
    : unwise('DATA_DIR', room, 'give the spool at least 2 GiB: it holds exposures while the lake is away');
}

/** A port that a gateway of ours already listens on is told from one that somebody else has. */
async function portFinding(name: string, host: string, port: number): Promise<Finding> {
  if (port === 0) return fine(name, 'a free one is taken at the start');
  const code = await new Promise<string | null>((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, host, () => server.close(() => resolve(null)));
  });
  if (code === null) return fine(name, `${host}:${port} is free`);
  if (code === 'EADDRINUSE') {
    return unwise(
      name,
      `${host}:${port} is taken`,
      `by a running gateway that is as it should be; else set ${name}`,
    );
  }
  return wrong(
    name,
    `${host}:${port} cannot be listened on (${code})`,
    `set HOST to an address of this machine, and ${name}`,
  );
}
