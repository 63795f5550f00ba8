import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { readRunnerConfig } from '../../../models/runner/config.ts';
import { startRunner } from '../../../models/runner/start-runner.ts';
import { linearModel, mlpModel } from '../../support/onnx-models.ts';
import { TestRepository } from '../../support/runner-process.ts';
import { reportTo } from './serve.ts';

/** A runner in this process with a tiny model, and one whose weights are read for each run, batched and not. */
const wide = mlpModel(1_024, 3);
const repository = await TestRepository.create([
  { model: 'tiny', version: 'v1', bytes: linearModel([1, 10]) },
  { model: 'batched', version: 'v1', bytes: wide },
  { model: 'alone', version: 'v1', bytes: wide, serving: { maxBatchSize: 1 } },
]);
const read = readRunnerConfig({
  PORT: '0',
  MODEL_REPOSITORY: repository.uri,
  CACHE_DIR: await mkdtemp(join(tmpdir(), 'bench-cache-')),
  ONNX_WORKERS: '1',
});
if ('problems' in read) throw new Error(read.problems.join('\n'));
const runner = await startRunner(read.config, pino({ level: 'silent' }));
while ((await fetch(`${runner.url}/readyz`)).status !== 200)
  await new Promise((resolve) => setTimeout(resolve, 50));
reportTo(runner.url);
