import { inferBody, JSON_LENGTH_HEADER } from '../../models/codecs/infer-body.ts';
import { unwrapModelError } from '../../models/codecs/sagemaker-error.ts';
import {
  type AttemptFailed,
  type AttemptOutcome,
  type AttemptRejected,
  attemptFailed,
  endedBy,
} from './attempt-outcome.ts';
import type { Cancellation } from './cancellation.ts';
import { AnswerTooLarge, type ExchangeAnswer, FirstByteTimeout } from './exchange.ts';

/** The longest part of a target's own error text that is passed on. */
const MAX_ERROR_CHARS = 1_000;

/** A target that refuses a request as malformed says so with one of these; any other error is its own. */
const REQUEST_AT_FAULT = new Set([400, 413, 415, 422]);

const OPENING_BRACE = 0x7b;
const MODEL_ERROR = 424;

/** What a target's HTTP answer means for the attempt. */
export function outcomeOf({ status, headers, body }: ExchangeAnswer): AttemptOutcome {
  if (status >= 200 && status < 300) {
    const answer = inferBody(body, headers[JSON_LENGTH_HEADER]);
    if (answer.ok && body[0] === OPENING_BRACE) return { kind: 'answered', body: answer.value };
    const noObject = attemptFailed('bad-answer', `status ${status} with a body that is not a JSON object`);
    return { ...noObject, status };
  }
  const inside = status === MODEL_ERROR ? unwrapModelError(body) : null;
  const refused = inside === null ? refusal(status, errorText(body)) : refusal(inside.status, inside.message);
  return { ...refused, status: inside?.status ?? status };
}

function refusal(status: number, text: string): AttemptRejected | AttemptFailed {
  const message = text.slice(0, MAX_ERROR_CHARS);
  if (REQUEST_AT_FAULT.has(status)) return { kind: 'rejected', message };
  if (status === 429 || status === 503)
    return attemptFailed('overloaded', `status ${status}: ${message}`, true);
  if (status === 401 || status === 403) return attemptFailed('refused-us', `status ${status}: ${message}`);
  return attemptFailed('failed', `status ${status}: ${message}`);
}

/** `{"error": "…"}` or `{"error": {"message": "…"}}` or `{"message": "…"}`, or the beginning of whatever came. */
function errorText(bytes: Buffer): string {
  const text = bytes.subarray(0, 8 * MAX_ERROR_CHARS).toString('utf8');
  try {
    const found = messageIn(JSON.parse(text));
    if (found !== undefined) return found;
  } catch {
    // Not JSON: the text itself is what the target had to say.
  }
  return text;
}

function messageIn(parsed: unknown): string | undefined {
  if (typeof parsed === 'string') return parsed;
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  if ('error' in parsed) return messageIn(parsed.error);
  return 'message' in parsed ? messageIn(parsed.message) : undefined;
}

const NOTHING_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

const BROKEN_OFF = /^(ECONNRESET|EPIPE|UND_ERR_SOCKET|HPE_\w+)$/;

/** How an exchange broke that came to no answer. */
export function breakOf(error: unknown): 'unreachable' | 'reset' {
  return BROKEN_OFF.test(errorCode(error)) ? 'reset' : 'unreachable';
}

/** What a broken exchange means for the attempt. */
export function outcomeOfError(error: unknown, cancellation: Cancellation): AttemptOutcome {
  if (cancellation.reason !== null) return endedBy(cancellation);
  if (error instanceof FirstByteTimeout) return attemptFailed('timeout', 'no first byte in time');
  const code = errorCode(error);
  if (error instanceof AnswerTooLarge || code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
    return attemptFailed('bad-answer', 'the answer is larger than is accepted');
  }
  return attemptFailed(breakOf(error), code, NOTHING_SENT.has(code));
}

/** The code of a network error; of several tried addresses, the first one's. */
function errorCode(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return errorCode(error.errors[0]);
  if (typeof error === 'object' && error !== null && 'code' in error) return String(error.code);
  return error instanceof Error ? error.message : String(error);
}
