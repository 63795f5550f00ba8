import { isObject } from './decode-tensor.ts';

/** What the model behind a SageMaker endpoint really said. */
export interface ModelAnswer {
  readonly status: number;
  readonly message: string;
}

/**
 * SageMaker wraps whatever its container answers badly in a 424 "ModelError" (API reference, InvokeEndpoint): the
 * status that decides about a retry is inside. Null when the body is not such an error.
 */
export function unwrapModelError(body: Buffer): ModelAnswer | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
  if (!isObject(parsed)) return null;
  const status = Number(parsed['OriginalStatusCode']);
  if (!Number.isInteger(status) || status < 100 || status > 599) return null;
  const message = parsed['OriginalMessage'] ?? parsed['Message'] ?? 'the model failed';
  return { status, message: String(message) };
}
