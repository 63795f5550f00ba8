import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { type Cloud, startCloud } from './clouds.ts';
import type { Processes } from './processes.ts';
import type { Progress } from './progress.ts';

/** Where and how the demo runs. */
export interface Stage {
  /** Fresh, and the caller's to remove. */
  readonly directory: string;
  readonly processes: Processes;
  readonly progress: Progress;
}

/** Every server of the demo, listening, and nothing registered yet. */
export interface RunningSystem {
  readonly clouds: readonly Cloud[];
  readonly pagesUrl: string;
  readonly gatewayUrl: string;
  readonly metricsUrl: string;
  readonly adminKey: string;
}

const newSecret = (): string => randomBytes(24).toString('base64url');

/** Starts two clouds, a plain HTTP host, and the gateway, on free ports and with fresh keys. */
export async function startEverything({ directory, processes, progress }: Stage): Promise<RunningSystem> {
  const [adminKey, runnerKey] = [newSecret(), newSecret()];
  const cloud = (name: Cloud['name'], region: string) =>
    startCloud(processes, { name, region, runnerKey, directory: path.join(directory, name) });
  const clouds = await progress.step(
    'Start an ONNX runner in each cloud, each with its own artifact store',
    () => Promise.all([cloud('aws', 'eu-central-1'), cloud('gcp', 'europe-west3')]),
  );
  const pages = await progress.step('Start a plain HTTP host of film pages', () =>
    processes.start('the film page host', 'demo/film-page-host.ts', {}),
  );
  const gateway = await progress.step('Start the gateway with its embedded database', () =>
    processes.start('the gateway', 'gateway/main.ts', {
      HOST: '127.0.0.1',
      PORT: '0',
      METRICS_PORT: '0',
      DATA_DIR: path.join(directory, 'gateway'),
      ADMIN_API_KEY: adminKey,
      ...Object.fromEntries(clouds.map(({ runnerKeyName }) => [runnerKeyName, runnerKey])),
    }),
  );
  return {
    clouds,
    pagesUrl: pages.listening.url,
    gatewayUrl: gateway.listening.url,
    metricsUrl: String(gateway.listening['metricsUrl']),
    adminKey,
  };
}
