import type { Agent } from 'undici';
import { type InferBody, inferBody, JSON_LENGTH_HEADER } from '../../models/codecs/infer-body.ts';
import { type AttemptOutcome, attemptFailed, endedBy } from './attempt-outcome.ts';
import { type ExchangeAnswer, exchange } from './exchange.ts';

/** One model version on one server of the protocol, as it is asked. */
export interface OpenInferenceModel {
  readonly origin: string;
  /** `/v2/models/{model}/versions/{version}`, below the server's own path. */
  readonly path: string;
}

interface Call {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** The longest part of a target's own error text that is passed on. */
const MAX_ERROR_CHARS = 1_000;

/** A target that refuses a request as malformed says so with one of these; any other error is its own. */
const REQUEST_AT_FAULT = new Set([400, 413, 415, 422]);

const OPENING_BRACE = 0x7b;

/** Where a model version is found on a server: `url` is the server's root, before `/v2`. */
export function openInferenceModel(url: string, model: string, version: string): OpenInferenceModel {
  const { origin, pathname } = new URL(url);
  const root = pathname.replace(/\/$/, '');
  return {
    origin,
    path: `${root}/v2/models/${encodeURIComponent(model)}/versions/${encodeURIComponent(version)}`,
  };
}

/**
 * One inference on a server of the Open Inference Protocol v2. The body goes as it came, so no number in it is
 * ever rewritten. Never throws for what the network or the server does. Redirects are not followed.
 */
export async function askOpenInference(
  agent: Agent,
  { origin, path }: OpenInferenceModel,
  { body, ...call }: Call & { readonly body: InferBody },
): Promise<AttemptOutcome> {
  const { bytes, jsonBytes } = body;
  const headers =
    jsonBytes === null
      ? call.headers
      : {
          ...call.headers,
          'content-type': 'application/octet-stream',
          [JSON_LENGTH_HEADER]: String(jsonBytes),
        };
  const request = { ...call, headers, origin, path: `${path}/infer`, method: 'POST', body: bytes } as const;
  try {
    return outcomeOf(await exchange(agent, request));
  } catch (error) {
    return asFailure(error, call.signal);
  }
}

/** The server's own metadata of the model; null when it gives none. */
export async function readModelMetadata(
  agent: Agent,
  model: OpenInferenceModel,
  call: Call,
): Promise<Record<string, unknown> | null> {
  try {
    const { status, body } = await exchange(agent, { ...call, ...model, method: 'GET', body: null });
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    const found = status === 200 && typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    return found ? (parsed as Record<string, unknown>) : null;
  } catch {
    // Unreachable, too slow or no JSON: for whoever asks, there is no metadata.
    return null;
  }
}

function outcomeOf({ status, headers, body }: ExchangeAnswer): AttemptOutcome {
  if (status >= 200 && status < 300) {
    const answer = inferBody(body, headers[JSON_LENGTH_HEADER]);
    return answer.ok && body[0] === OPENING_BRACE
      ? { kind: 'answered', body: answer.value }
      : attemptFailed('bad-answer', `status ${status} with a body that is not a JSON object`);
  }
  const message = errorText(body);
  if (REQUEST_AT_FAULT.has(status)) return { kind: 'rejected', message };
  if (status === 429 || status === 503) {
    return attemptFailed('overloaded', `status ${status}: ${message}`, true);
  }
  if (status === 401 || status === 403) return attemptFailed('refused-us', `status ${status}: ${message}`);
  return attemptFailed('failed', `status ${status}: ${message}`);
}

/** `{"error": "…"}`, as the protocol has it, or the beginning of whatever came. */
function errorText(bytes: Buffer): string {
  const text = bytes.subarray(0, 8 * MAX_ERROR_CHARS).toString('utf8');
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'error' in parsed) {
      return String(parsed.error).slice(0, MAX_ERROR_CHARS);
    }
  } catch {
    // Not JSON: the text itself is what the target had to say.
  }
  return text.slice(0, MAX_ERROR_CHARS);
}

const NOTHING_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

function asFailure(error: unknown, signal: AbortSignal): AttemptOutcome {
  if (signal.aborted) return endedBy(signal);
  const code = errorCode(error);
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
    return attemptFailed('bad-answer', 'the answer is larger than is accepted');
  }
  return attemptFailed('unreachable', code, NOTHING_SENT.has(code));
}

/** The code of a network error; of several tried addresses, the first one's. */
function errorCode(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return errorCode(error.errors[0]);
  if (typeof error === 'object' && error !== null && 'code' in error) return String(error.code);
  return error instanceof Error ? error.message : String(error);
}
