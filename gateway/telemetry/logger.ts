import { type Logger, pino } from 'pino';
import { BatchedOutput } from './batched-output.ts';

const STANDARD_OUTPUT = 1;

/**
 * JSON lines on standard output, in the background: a record may be a quarter of a second late, and requests
 * never wait for it.
 */
export function createLogger(level: string): Logger {
  const output = new BatchedOutput(STANDARD_OUTPUT);
  if (level !== 'silent') process.once('exit', () => output.flushSync());
  return pino({ level }, output);
}
