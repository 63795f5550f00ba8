import { type Logger, pino } from 'pino';

/** Never in a record, wherever someone puts them. */
const SECRET_PATHS = ['*.authorization', '*["x-api-key"]', '*.secret', '*.apiKey', '*.unitId'];

/**
 * JSON lines on standard output, in the background: one write for a few dozen records instead of one for each,
 * so that a record may be a quarter of a second late and the requests never wait for it.
 */
export function createLogger(level: string): Logger {
  return pino(
    { level, redact: SECRET_PATHS },
    pino.destination({ sync: false, minLength: 4_096, periodicFlush: 250 }),
  );
}
