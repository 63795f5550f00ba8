import { type Logger, pino } from 'pino';

/**
 * JSON lines on standard output, in the background: one write for a few dozen records instead of one for each,
 * so that a record may be a quarter of a second late and the requests never wait for it.
 */
export function createLogger(level: string): Logger {
  return pino({ level }, pino.destination({ sync: false, minLength: 4_096, periodicFlush: 250 }));
}
