import { cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import manifest from '../models/samples/movie-ranker/manifest.json' with { type: 'json' };
import type { Processes, ServerProcess } from './processes.ts';

const SAMPLES = path.join(import.meta.dirname, '..', 'models', 'samples');

export const MODEL = manifest.model;
export const VERSIONS = manifest.versions;

export type CloudName = 'aws' | 'gcp';

/** What stands for a cloud here: a directory as its artifact store, and a runner process beside it. */
export interface Cloud {
  readonly name: CloudName;
  readonly region: string;
  readonly storeUri: string;
  readonly runner: ServerProcess;
  /** Environment variable of the gateway that holds the runner's key. */
  readonly runnerKeyName: string;
}

/** Fills a cloud's store with both versions of the model and starts its runner on them. */
export async function startCloud(
  processes: Processes,
  place: {
    readonly name: CloudName;
    readonly region: string;
    readonly runnerKey: string;
    readonly directory: string;
  },
): Promise<Cloud> {
  const store = path.join(place.directory, 'artifacts');
  await mkdir(store, { recursive: true });
  for (const { artifact } of VERSIONS) await cp(path.join(SAMPLES, artifact), path.join(store, artifact));
  const models = VERSIONS.map(({ version, artifact, sha256, sizeBytes }) => ({
    model: MODEL,
    version,
    artifact,
    sha256,
    sizeBytes,
  }));
  await writeFile(path.join(store, 'repository.json'), JSON.stringify({ models }));
  const storeUri = pathToFileURL(store).href;
  const runner = await processes.start(`the runner in ${place.name}`, 'models/runner/main.ts', {
    HOST: '127.0.0.1',
    PORT: '0',
    MODEL_REPOSITORY: storeUri,
    CACHE_DIR: path.join(place.directory, 'cache'),
    RUNNER_API_KEY: place.runnerKey,
  });
  await readiness(runner);
  return {
    name: place.name,
    region: place.region,
    storeUri,
    runner,
    runnerKeyName: `SWITCHYARD_TARGET_${place.name.toUpperCase()}`,
  };
}

const READY_TIMEOUT_MS = 20_000;

/** Listening is not yet ready: the models are still being fetched, checked and loaded. */
async function readiness(runner: ServerProcess): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    const { status } = await fetch(`${runner.listening.url}/v2/health/ready`);
    if (status === 200) return;
    if (Date.now() > deadline) throw new Error(`${runner.name} still answers ${status} to /v2/health/ready`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
