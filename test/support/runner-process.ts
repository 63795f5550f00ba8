import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { refOf } from './onnx-models.ts';

const MAIN = fileURLToPath(new URL('../../models/runner/main.ts', import.meta.url));
/** Ends the runner with the tests, however they end. */
const PRELOAD = fileURLToPath(new URL('../../demo/die-with-parent.ts', import.meta.url));

/** A model version for a repository; `ref` overrides what repository.json says of it. */
export interface RepositoryModel {
  readonly model: string;
  readonly version: string;
  readonly bytes: Uint8Array;
  readonly ref?: { readonly sha256?: string; readonly sizeBytes?: number };
  readonly serving?: { readonly maxBatchSize?: number };
}

/** A directory with repository.json and the artifacts that it lists. */
export class TestRepository {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async create(models: readonly RepositoryModel[]): Promise<TestRepository> {
    const repository = new TestRepository(await mkdtemp(join(tmpdir(), 'repository-')));
    await repository.publish(models);
    return repository;
  }

  get uri(): string {
    return pathToFileURL(this.directory).href;
  }

  async publish(models: readonly RepositoryModel[]): Promise<void> {
    const entries = [];
    for (const { model, version, bytes, ref, serving } of models) {
      const artifact = `${model}/${version}/model.onnx`;
      await mkdir(join(this.directory, model, version), { recursive: true });
      await writeFile(join(this.directory, artifact), bytes);
      entries.push({ model, version, artifact, ...refOf(bytes), ...ref, serving });
    }
    await this.write(JSON.stringify({ models: entries }));
  }

  /** Any text as repository.json. */
  async write(text: string): Promise<void> {
    await writeFile(join(this.directory, 'repository.json'), text);
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** A runner in a process of its own, as it is deployed. */
export class RunnerProcess {
  readonly url: string;
  readonly child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.child = child;
  }

  /** Resolves when the process has said where it listens. */
  static async start(environment: Readonly<Record<string, string>>): Promise<RunnerProcess> {
    const child = spawn(process.execPath, ['--import', PRELOAD, MAIN], {
      env: {
        PATH: process.env['PATH'],
        PORT: '0',
        REPOSITORY_POLL_SECONDS: '1',
        ONNX_WORKERS: '1',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const { stdout } = child;
    if (stdout === null) throw new Error('the runner has no output');
    for await (const line of createInterface({ input: stdout })) {
      const record = JSON.parse(line);
      if (record.msg !== 'listening') continue;
      stdout.resume();
      return new RunnerProcess(record.url, child);
    }
    throw new Error('the runner ended without listening');
  }

  /** As `start`, and every listed model has loaded or failed. */
  static async ready(environment: Readonly<Record<string, string>>): Promise<RunnerProcess> {
    const runner = await RunnerProcess.start(environment);
    while ((await fetch(`${runner.url}/readyz`)).status !== 200) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return runner;
  }

  /** The exit code after SIGTERM. */
  async stop(): Promise<number | null> {
    if (this.child.exitCode !== null) return this.child.exitCode;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    const [code] = await exited;
    return code;
  }
}
