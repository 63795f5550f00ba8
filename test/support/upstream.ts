import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A real HTTP server on a free loopback port whose behaviour a test may change while it runs. */
export interface Upstream {
  readonly url: string;
  /** Every request that came, in order. */
  readonly requests: {
    readonly method: string;
    readonly url: string;
    readonly headers: IncomingMessage['headers'];
    readonly body: string;
    /** The body as it came, where it is not text. */
    readonly bytes: Buffer;
  }[];
  behave(handler: RequestListener): void;
  stop(): Promise<void>;
}

export async function startUpstream(handler: RequestListener): Promise<Upstream> {
  let current = handler;
  const requests: Upstream['requests'] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      const { method = '', url = '', headers } = request;
      const bytes = Buffer.concat(chunks);
      requests.push({ method, url, headers, body: bytes.toString('utf8'), bytes });
      current(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    behave: (next) => {
      current = next;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Answers as a server of the Open Inference Protocol whose one output is always `score`. */
export function openInferenceAnswer(score: number): RequestListener {
  return (_request: IncomingMessage, response: ServerResponse) => {
    response.setHeader('content-type', 'application/json').end(
      JSON.stringify({
        model_name: 'ranker',
        model_version: 'v1',
        outputs: [{ name: 'score', datatype: 'FP32', shape: [1], data: [score] }],
      }),
    );
  };
}

/** Answers with a status and an error in the words of the Open Inference Protocol. */
export function failWith(status: number, error = 'it failed'): RequestListener {
  return (_request, response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
}

/** Takes the request and never answers. */
export const hang: RequestListener = () => undefined;
