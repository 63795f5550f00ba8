/** `npm run analyze`: one round over all running experiments, for a scheduler. Exit code 1: some of them failed. */
import { analyzeAll } from './analyze-all.ts';
import { readConfig } from './config.ts';
import { createLogger } from './telemetry/logger.ts';

/** sysexits.h: the configuration is at fault. */
const EX_CONFIG = 78;

const read = readConfig(process.env);
if (!read.ok) {
  process.stderr.write(`analyze cannot start:\n${read.problems.map((problem) => `  ${problem}\n`).join('')}`);
  process.exit(EX_CONFIG);
}
const logger = createLogger(read.config.logLevel);
try {
  const report = await analyzeAll(read.config, logger);
  logger.info(report, 'every running experiment has been looked at');
  process.exitCode = report.failed.length > 0 ? 1 : 0;
} catch (error) {
  logger.fatal({ err: error }, 'the analysis failed');
  process.exitCode = 1;
}
logger.flush();
