import type { IncomingHttpHeaders } from 'node:http';
import type { TraceContext } from '../../models/tracing/traced-span.ts';

/** RFC 9110, 7.6.1: these speak of one connection and are never passed on. `expect` was answered by this server. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'upgrade',
  'expect',
] as const;

/** What the tenant sends to this gateway and to nobody else, beside what begins with one of the prefixes. */
const NOT_FOR_THE_TARGET: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  'authorization',
  'x-api-key',
  'x-request-timeout-ms',
  'x-request-id',
  'forwarded',
]);
const isForTheGateway = (name: string) => name.startsWith('x-switchyard-') || name.startsWith('x-forwarded-');

/** A target speaks neither for the gateway nor of its connection. This server frames the body anew. */
const NOT_FOR_THE_CLIENT: ReadonlySet<string> = new Set([...HOP_BY_HOP, 'transfer-encoding', 'x-request-id']);

/** Framing and routing cannot be dropped by naming them in `connection`, nor be brought by a trailer. */
const FRAMING: ReadonlySet<string> = new Set(['transfer-encoding', 'content-length', 'host', 'trailer']);

export interface ForwardedFor {
  readonly address: string;
  readonly host: string;
  readonly requestId: string;
  /** Of the attempt's own span, where traces are kept; what the client sent passes otherwise. */
  readonly trace?: TraceContext | undefined;
}

/**
 * A tenant's headers as the target gets them: the one choke point where hop-by-hop headers, the ones that
 * `connection` names, and the tenant's credentials are left out. A new object: deleting from the old one would
 * make it slow for everybody after. `upgrade`: the protocol that the connection is to change to, if any.
 */
export function requestHeaders(
  headers: IncomingHttpHeaders,
  { address, host, requestId, trace }: ForwardedFor,
  upgrade?: string,
): IncomingHttpHeaders {
  const named = namedBy(headers.connection);
  const passed: IncomingHttpHeaders = {};
  for (const name in headers) {
    if (NOT_FOR_THE_TARGET.has(name) || isForTheGateway(name) || named?.has(name) === true) continue;
    if (trace !== undefined && (name === 'traceparent' || name === 'tracestate')) continue;
    // Node throws where trailers are announced for a body that is not chunked, in a turn that nobody can catch.
    if (name === 'trailer' && headers['transfer-encoding'] === undefined) continue;
    passed[name] = headers[name];
  }
  passed['x-forwarded-for'] = address;
  passed['x-forwarded-host'] = host;
  passed['x-forwarded-proto'] = 'http';
  passed['x-request-id'] = requestId;
  if (trace !== undefined) {
    passed['traceparent'] = trace.traceparent;
    if (trace.tracestate !== null) passed['tracestate'] = trace.tracestate;
  }
  if (upgrade !== undefined) {
    passed.connection = 'Upgrade';
    passed.upgrade = upgrade;
  }
  return passed;
}

/**
 * A target's headers as the client gets them: name and value in turn, spelled as they came, each as often as it
 * came. `trailer` announces only what a chunked body can bring, from the target and to the client.
 */
export function answerHeaders(rawHeaders: readonly string[], mayChunk = true): string[] {
  const lower = rawHeaders.map((text, index) => (index % 2 === 0 ? text.toLowerCase() : text));
  const named = namedBy(valueIn(lower, 'connection'));
  const chunked = valueIn(lower, 'transfer-encoding') !== undefined;
  return pairsWhere(rawHeaders, lower, (name) => {
    if (NOT_FOR_THE_CLIENT.has(name) || name.startsWith('x-switchyard-')) return false;
    return name === 'trailer' ? chunked && mayChunk : named?.has(name) !== true;
  });
}

/** Trailer fields, in either direction: whatever cannot change the framing, the routing or the identity. */
export function trailersOf(rawTrailers: readonly string[]): [string, string][] {
  const lower = rawTrailers.map((text) => text.toLowerCase());
  const kept = pairsWhere(
    rawTrailers,
    lower,
    (name) =>
      !NOT_FOR_THE_TARGET.has(name) && !FRAMING.has(name) && name !== 'cookie' && !isForTheGateway(name),
  );
  return Array.from({ length: kept.length / 2 }, (_, index) => [
    kept[2 * index] ?? '',
    kept[2 * index + 1] ?? '',
  ]);
}

function pairsWhere(
  raw: readonly string[],
  lower: readonly string[],
  keep: (name: string) => boolean,
): string[] {
  const kept: string[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    if (keep(lower[index] ?? '')) kept.push(raw[index] ?? '', raw[index + 1] ?? '');
  }
  return kept;
}

function valueIn(pairs: readonly string[], name: string): string | undefined {
  for (let index = 0; index < pairs.length; index += 2) if (pairs[index] === name) return pairs[index + 1];
  return undefined;
}

/** The headers that `connection` says are of this hop; null for the usual values, which name none. */
function namedBy(connection: string | undefined): ReadonlySet<string> | null {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return null;
  const names = connection.split(',').map((name) => name.trim().toLowerCase());
  return new Set(names.filter((name) => name !== '' && !FRAMING.has(name)));
}
