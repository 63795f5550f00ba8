import cluster from 'node:cluster';
import { readConfig } from './config.ts';
import { startGateway } from './start-gateway.ts';
import { createLogger } from './telemetry/logger.ts';
import { runWorker } from './worker.ts';

/** sysexits.h: the configuration is at fault. */
const EX_CONFIG = 78;

const read = readConfig(process.env);
if (!read.ok) {
  process.stderr.write(
    `switchyard cannot start:\n${read.problems.map((problem) => `  ${problem}\n`).join('')}`,
  );
  process.exit(EX_CONFIG);
}
const { config } = read;
const logger = createLogger(config.logLevel);

process.on('unhandledRejection', (error) => {
  logger.fatal({ err: error }, 'a task failed that nobody watched');
  logger.flush(() => process.exit(1));
});

if (cluster.isWorker) {
  // A terminal's Ctrl-C reaches every process: the first one decides when this one ends.
  process.on('SIGINT', () => undefined).on('SIGTERM', () => undefined);
  await runWorker(config, logger);
} else {
  try {
    const gateway = await startGateway(config, logger);
    logger.info({ url: gateway.url, metricsUrl: gateway.metricsUrl, dataDir: config.dataDir }, 'listening');
    let stopping = false;
    const stop = async (signal: NodeJS.Signals) => {
      if (stopping) return;
      stopping = true;
      logger.info({ signal }, 'stopping: requests under way are finished first');
      await gateway.stop();
      logger.flush(() => process.exit(0));
    };
    process.on('SIGINT', stop).on('SIGTERM', stop);
  } catch (error) {
    logger.fatal({ err: error }, 'switchyard cannot start');
    // What had started before the failure must not keep the process alive.
    logger.flush(() => process.exit(1));
  }
}
