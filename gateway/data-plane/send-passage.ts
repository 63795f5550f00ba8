import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { isWebSocket, releaseSocket, upgradeHead } from '../http/upgrade.ts';
import type { CredentialHeaders } from '../targets/credentials/target-credentials.ts';
import type { DataPlane } from './data-plane.ts';
import { begun, type Passage, type PassageCall, type StreamedTarget } from './passage.ts';
import { answerHeaders, requestHeaders, trailersOf } from './proxy-headers.ts';
import { type HttpTarget, proxyTransport } from './proxy-transport.ts';
import { type AnswerHead, StreamedAnswer } from './streamed-answer.ts';
import { Upload } from './upload.ts';

/** How a call of a target is made. */
export interface Send<Chosen extends StreamedTarget = StreamedTarget> {
  /** Sends the request to the call's target; what fails comes to the listener. */
  begin(passage: Passage, call: PassageCall<Chosen>): void;
  outOfTime(passage: Passage, call: PassageCall): void;
}

export type Listener = (passage: Passage, call: PassageCall, error: unknown) => void;

/**
 * Sends passages on. A body of known length, or none, goes over undici; one in chunks, which may end in trailer
 * fields, and a change of protocol go through http-proxy-middleware, which can do both.
 */
export function senderOf(plane: DataPlane, failed: Listener): Send<HttpTarget> {
  const proxyTo = proxyTransport(
    {
      sending: (request, upstream) => {
        const { passage, call } = callOf(request);
        started(call, (reason) => upstream.destroy(reason));
        sendTrailers(passage, upstream);
      },
      answered: (request, answer) => void pipe(plane, callOf(request), answer),
      upgraded: (request, answer, socket) => upgraded(plane, callOf(request), { answer, socket }),
      upgradeRefused: (request, answer) => {
        const { passage, call } = callOf(request);
        void begun(plane, passage, call, answer.statusCode ?? 502);
        answer.headers = upgradeHeaders(passage, answer);
      },
      failed: (request, error) => {
        const { passage, call } = callOf(request);
        failed(passage, call, error);
      },
    },
    () => plane.targets.secrets,
  );
  const through = (passage: Passage, call: HttpCall, headers: IncomingMessage['headers']) => {
    const { request, response, path } = passage;
    request.url = path;
    request.headers = headers;
    calls.set(request, { passage, call });
    const proxy = proxyTo(call.target);
    const head = upgradeHead(request);
    if (head !== undefined) proxy.upgrade(request, request.socket as Socket, head);
    // Network errors come to `failed`; to `next`, only what fails before anything is asked.
    else void proxy(request, response, (error) => failed(passage, call, error));
  };
  const over = (passage: Passage, call: HttpCall, headers: IncomingMessage['headers']) => {
    const { request, response, path } = passage;
    const { origin, root } = placeOf(call.target);
    const answer = new StreamedAnswer(response, {
      sending: (abort) => started(call, abort),
      answered: (head) => answered(plane, { passage, call }, head),
      failed: (error) => failed(passage, call, error),
    });
    const hasBody = Number(headers['content-length'] ?? 0) > 0;
    plane.targets.streams.of(call.target).dispatch(
      {
        origin,
        path: path === '/' ? root : `${root.replace(/\/$/, '')}${path}`,
        method: request.method ?? 'GET',
        headers: { ...headers, host: undefined },
        body: hasBody ? new Upload(request) : null,
      },
      answer,
    );
  };
  const begin = (passage: Passage, call: HttpCall, credentials: CredentialHeaders) => {
    const headers = Object.assign(outgoingHeaders(passage, call), credentials);
    const isPlain =
      passage.headers['transfer-encoding'] === undefined && upgradeHead(passage.request) === undefined;
    try {
      if (isPlain) over(passage, call, headers);
      else through(passage, call, headers);
    } catch (error) {
      failed(passage, call, error);
    }
  };
  return {
    begin(passage, call) {
      const credentials = plane.targets.credentialsOf(call.target);
      if (!(credentials instanceof Promise)) begin(passage, call, credentials);
      else
        credentials.then(
          (found) => (call.settled ? undefined : begin(passage, call, found)),
          (error: unknown) => failed(passage, call, error),
        );
    },
    outOfTime: endInTime(failed),
  };
}

type HttpCall = PassageCall<HttpTarget>;

/** Gives a call up whose target has not begun to answer. */
export function endInTime(failed: Listener): Send['outOfTime'] {
  return (passage, call) => {
    const reason = new Error('no answer before the deadline');
    call.outOfTime = true;
    if (call.abort === null) failed(passage, call, reason);
    else call.abort(reason);
  };
}

/** The connection stands. Nobody may wait for it any more. */
function started(call: PassageCall, abort: (reason: Error) => void): void {
  if (call.settled) abort(new Error('it was given up'));
  else call.abort = abort;
}

interface CallOfPassage {
  readonly passage: Passage;
  readonly call: PassageCall;
}

/** What the library's events, which know the request alone, are about. */
const calls = new WeakMap<IncomingMessage, CallOfPassage>();

function callOf(request: IncomingMessage): CallOfPassage {
  const found = calls.get(request);
  if (found === undefined) throw new Error('an event came for a request that was not passed on');
  return found;
}

interface Place {
  readonly origin: string;
  readonly root: string;
}

/** Parsed once per target object; a new snapshot brings new objects. */
const places = new WeakMap<HttpTarget, Place>();

function placeOf(target: HttpTarget): Place {
  const known = places.get(target);
  if (known !== undefined) return known;
  const { origin, pathname } = new URL(target.url);
  const place = { origin, root: pathname };
  places.set(target, place);
  return place;
}

function outgoingHeaders({ request, headers, context }: Passage, { span }: PassageCall) {
  return requestHeaders(
    headers,
    {
      address: request.socket.remoteAddress ?? 'unknown',
      host: headers.host ?? '',
      requestId: context.requestId,
      trace: span?.context,
    },
    isWebSocket(headers) ? 'websocket' : undefined,
  );
}

/** Passes on the fields that follow a chunked request; they are known when its body has ended. */
function sendTrailers({ request, headers }: Passage, upstream: ClientRequest): void {
  if (headers['transfer-encoding'] === undefined) return;
  request.prependOnceListener('end', () => upstream.addTrailers(trailersOf(request.rawTrailers)));
}

/** Whether a body of unknown length reaches this client in chunks: not HTTP/1.0, and not where there is no body. */
function mayChunk({ req, statusCode }: ServerResponse): boolean {
  const hasBody = req.method !== 'HEAD' && statusCode !== 204 && statusCode !== 304;
  return hasBody && req.httpVersion !== '1.0';
}

/** The answer's head, on its way to the client once the exposure is written. */
function answered(
  plane: DataPlane,
  { passage, call }: CallOfPassage,
  { status, statusText, rawHeaders }: AnswerHead,
): Promise<void> {
  const { response } = passage;
  const exposed = begun(plane, passage, call, status);
  response.statusCode = status;
  response.statusMessage = statusText;
  const headers = answerHeaders(rawHeaders, mayChunk(response));
  for (let index = 0; index + 1 < headers.length; index += 2) {
    response.appendHeader(headers[index] ?? '', headers[index + 1] ?? '');
  }
  return exposed;
}

/** Passes the library's answer on as it comes, its trailer fields too. */
async function pipe(plane: DataPlane, of: CallOfPassage, answer: IncomingMessage): Promise<void> {
  const { response } = of.passage;
  const { statusCode: status = 502, statusMessage: statusText = '', rawHeaders } = answer;
  if (answer.headers['transfer-encoding'] !== undefined) {
    answer.once('end', () => response.addTrailers(trailersOf(answer.rawTrailers)));
  }
  await answered(plane, of, { status, statusText, rawHeaders });
  if (response.destroyed) return;
  answer.pipe(response);
  // A stream may begin long before its first event does. Where body and headers came together, so they leave.
  setImmediate(() => {
    if (!response.headersSent && !response.destroyed) response.flushHeaders();
  });
}

function upgraded(
  plane: DataPlane,
  { passage, call }: CallOfPassage,
  { answer, socket }: { readonly answer: IncomingMessage; readonly socket: Socket },
): void {
  void begun(plane, passage, call, 101);
  // The library writes to the client in this very turn.
  plane.spool.commit();
  answer.headers = upgradeHeaders(passage, answer);
  releaseSocket(passage.response, socket);
  passage.context.log['status'] = 101;
}

/** Of an upgrade's answer, whose headers the library writes: these three are of the new connection. */
const OF_THE_UPGRADE: ReadonlySet<string> = new Set(['connection', 'upgrade', 'transfer-encoding']);

/** The target's headers that may pass, and the gateway's own. */
function upgradeHeaders({ response }: Passage, answer: IncomingMessage): IncomingMessage['headers'] {
  const passing = new Set(answerHeaders(answer.rawHeaders).map((text) => text.toLowerCase()));
  const kept = Object.entries(answer.headers).filter(
    ([name]) => passing.has(name) || OF_THE_UPGRADE.has(name),
  );
  const own = Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]);
  return Object.fromEntries([...kept, ...own]);
}
