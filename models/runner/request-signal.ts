import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpError } from './http-error.ts';

const HEADER = 'x-request-timeout-ms';
const LONGEST_TIMEOUT_MS = 600_000;
const DEFAULT_TIMEOUT_MS = 60_000;

/** A request's one deadline. */
export interface RequestSignal {
  /** Made for whoever asks: a run that is over in microseconds is never waited for. */
  readonly signal: AbortSignal;
  /** Nobody waits for it any more. */
  end(): void;
}

/**
 * Aborts with a TimeoutError after `x-request-timeout-ms` (60 s unless given, 10 minutes at most) and with an
 * AbortError when the client goes away. Throws HttpError 400 on a header that is no number of milliseconds.
 */
export function requestSignal(request: IncomingMessage, response: ServerResponse): RequestSignal {
  const given = request.headers[HEADER] ?? String(DEFAULT_TIMEOUT_MS);
  if (typeof given !== 'string' || !/^[1-9]\d{0,8}$/.test(given)) {
    throw new HttpError(400, `header ${HEADER} must be a whole number of milliseconds above 0`);
  }
  const untilMs = performance.now() + Math.min(Number(given), LONGEST_TIMEOUT_MS);
  let waiting: RequestSignal | null = null;
  return {
    get signal() {
      waiting ??= wait(response, untilMs);
      return waiting.signal;
    },
    end: () => waiting?.end(),
  };
}

function wait(response: ServerResponse, untilMs: number): RequestSignal {
  const controller = new AbortController();
  const expire = () => controller.abort(new DOMException('the deadline passed', 'TimeoutError'));
  const leave = () => controller.abort(new DOMException('the client went away', 'AbortError'));
  const timer = setTimeout(expire, untilMs - performance.now());
  if (response.destroyed) leave();
  else response.once('close', leave);
  return {
    signal: controller.signal,
    end() {
      clearTimeout(timer);
      response.off('close', leave);
    },
  };
}
