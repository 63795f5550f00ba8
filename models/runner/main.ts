import { once } from 'node:events';
import { pino } from 'pino';
import { readRunnerConfig } from './config.ts';
import { startRunner } from './start-runner.ts';

/** `node models/runner/main.ts`: serves what MODEL_REPOSITORY lists until SIGTERM or SIGINT. */
async function main(): Promise<void> {
  const read = readRunnerConfig(process.env);
  if ('problems' in read) {
    process.stderr.write(
      `The runner cannot start:\n${read.problems.map((problem) => `  ${problem}\n`).join('')}`,
    );
    process.exitCode = 1;
    return;
  }
  const log = pino({ level: read.config.LOG_LEVEL });
  const runner = await startRunner(read.config, log);
  log.info({ url: runner.url }, 'listening');
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  log.info('draining');
  await runner.stop(read.config.DRAIN_MS);
  log.info('stopped');
  // A thread within a runaway model outlives every request to end; only a signal takes it along.
  if (runner.abandonedThreads > 0) process.kill(process.pid, 'SIGKILL');
}

await main();
