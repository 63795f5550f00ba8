import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mlpModel } from '../../support/onnx-models.ts';
import { RunnerProcess, TestRepository } from '../../support/runner-process.ts';
import { reportTo } from './serve.ts';

/** A runner as it is deployed, whose repository gains and loses a model of 50 MB when it is told. */
const served = { model: 'served', version: 'v1', bytes: mlpModel(256, 2) };
/** Made once: it takes as long as a load does. */
const bytes = mlpModel(2_048, 3);
const large = (version: string) => ({ model: 'large', version, bytes });
const repository = await TestRepository.create([served]);
const runner = await RunnerProcess.ready({
  MODEL_REPOSITORY: repository.uri,
  CACHE_DIR: await mkdtemp(join(tmpdir(), 'bench-cache-')),
  ONNX_WORKERS: '1',
});
let published = 0;
process.on('message', (message) => {
  published += 1;
  void repository.publish(message === 'publish' ? [served, large(`v${published}`)] : [served]);
});
process.on('disconnect', () => runner.child.kill());
reportTo(runner.url);
