import type { IncomingHttpHeaders } from 'node:http';

/** RFC 9110, 7.6.1: these speak of one connection and are never passed on. `expect` was answered by this server. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'upgrade',
  'expect',
] as const;

/** What the tenant sends to this gateway and to nobody else. */
const FOR_THE_GATEWAY =
  /^(authorization|x-api-key|x-request-timeout-ms|x-switchyard-.*|x-forwarded-.*|forwarded)$/;

export interface ForwardedFor {
  readonly address: string;
  readonly host: string;
  readonly requestId: string;
  /** The credential that the target expects, if any. */
  readonly bearer: string | null;
}

/**
 * Makes a tenant's headers into the target's, in place: the one choke point where hop-by-hop headers, the ones
 * that `connection` names, and the tenant's credentials are taken out. `transfer-encoding` stays: it frames the
 * body that follows.
 */
export function rewriteRequestHeaders(
  headers: IncomingHttpHeaders,
  { address, host, requestId, bearer }: ForwardedFor,
): void {
  for (const name of namedBy(headers.connection)) {
    if (name !== 'transfer-encoding' && name !== 'content-length' && name !== 'host') delete headers[name];
  }
  for (const name of HOP_BY_HOP) delete headers[name];
  for (const name of Object.keys(headers)) {
    if (FOR_THE_GATEWAY.test(name)) delete headers[name];
  }
  headers['x-forwarded-for'] = address;
  headers['x-forwarded-host'] = host;
  headers['x-forwarded-proto'] = 'http';
  headers['x-request-id'] = requestId;
  if (bearer !== null) headers.authorization = `Bearer ${bearer}`;
}

/** The same for the target's answer: it can neither speak for the gateway nor of its own connection. */
export function rewriteResponseHeaders(headers: IncomingHttpHeaders): void {
  for (const name of namedBy(headers.connection)) {
    if (name !== 'transfer-encoding' && name !== 'content-length') delete headers[name];
  }
  for (const name of HOP_BY_HOP) delete headers[name];
  for (const name of Object.keys(headers)) {
    if (name.startsWith('x-switchyard-') || name === 'x-request-id') delete headers[name];
  }
}

function namedBy(connection: string | undefined): string[] {
  return (connection ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
}
