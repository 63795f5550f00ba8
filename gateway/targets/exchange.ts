import type { IncomingHttpHeaders } from 'node:http';
import type { Agent, Dispatcher } from 'undici';

export interface Exchange {
  readonly origin: string;
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
  readonly signal: AbortSignal;
}

export interface ExchangeAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * One HTTP exchange with the whole answer in memory, over undici's dispatch interface: no stream is made for a
 * body that is read at once anyway. Rejects with the network's error, or with the signal's reason.
 */
export function exchange(
  agent: Agent,
  { signal, body, headers, origin, path, method }: Exchange,
): Promise<ExchangeAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let status = 0;
    let answerHeaders: IncomingHttpHeaders = {};
    let stop: () => void = () => undefined;
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(controller) {
        stop = () => controller.abort(signal.reason);
        if (signal.aborted) stop();
        else signal.addEventListener('abort', stop, { once: true });
      },
      onResponseStart(_controller, statusCode, responseHeaders) {
        status = statusCode;
        answerHeaders = responseHeaders;
      },
      onResponseData(_controller, chunk) {
        chunks.push(chunk);
      },
      onResponseEnd() {
        signal.removeEventListener('abort', stop);
        resolve({
          status,
          headers: answerHeaders,
          body: chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks),
        });
      },
      onResponseError(_controller, error) {
        signal.removeEventListener('abort', stop);
        reject(error);
      },
    };
    agent.dispatch({ origin, path, method, headers: { ...headers }, body }, handler);
  });
}
