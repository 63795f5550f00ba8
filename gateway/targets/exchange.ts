import type { IncomingHttpHeaders } from 'node:http';

import type { Dispatcher } from 'undici';
import type { Cancellation } from './cancellation.ts';

export interface Exchange {
  readonly origin: string;
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Record<string, string>;
  readonly body: Buffer | string | null;
  readonly cancellation: Cancellation;
  /** Longest wait for the beginning of the answer; no limit of its own unless given. */
  readonly firstByteTimeoutMs?: number | undefined;
}

export interface ExchangeAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The largest answer that is taken into memory. */
export const MAX_ANSWER_BYTES = 67_108_864;

/** The target announces more than is taken. One that announces nothing is stopped by the connection's own limit. */
export class AnswerTooLarge extends Error {}

/** The target has said nothing in the time that it has to begin. */
export class FirstByteTimeout extends Error {}

/**
 * One HTTP exchange with the whole answer in memory, over undici's dispatch interface: no stream is made for a
 * body that is read at once anyway. Rejects with the network's error; when cancelled, with any.
 */
export function exchange(
  dispatcher: Dispatcher,
  { cancellation, firstByteTimeoutMs, ...request }: Exchange,
): Promise<ExchangeAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let status = 0;
    let answerHeaders: IncomingHttpHeaders = {};
    let stopListening: () => void = () => undefined;
    let firstByte: NodeJS.Timeout | null = null;
    const stopWaiting = () => {
      if (firstByte !== null) clearTimeout(firstByte);
    };
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(controller) {
        stopListening = cancellation.onCancel((reason) => controller.abort(new Error(reason)));
        if (firstByteTimeoutMs !== undefined)
          firstByte = setTimeout(() => controller.abort(new FirstByteTimeout()), firstByteTimeoutMs);
      },
      onResponseStart(controller, statusCode, responseHeaders) {
        stopWaiting();
        if (Number(responseHeaders['content-length'] ?? 0) > MAX_ANSWER_BYTES) {
          controller.abort(new AnswerTooLarge());
        }
        status = statusCode;
        answerHeaders = responseHeaders;
      },
      onResponseData(_controller, chunk) {
        chunks.push(chunk);
      },
      onResponseEnd() {
        stopListening();
        const [first] = chunks;
        const body = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
        resolve({ status, headers: answerHeaders, body });
      },
      onResponseError(_controller, error) {
        stopWaiting();
        stopListening();
        reject(error);
      },
    };
    dispatcher.dispatch(request, handler);
  });
}
