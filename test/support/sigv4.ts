import { createHash, createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface SignedRequest {
  readonly method: string;
  /** Path and query, as they were sent. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest('hex');
const hmac = (key: Buffer | string, data: string) => createHmac('sha256', key).update(data).digest();

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;

/** RFC 3986 escapes of everything but unreserved characters, as the specification asks. */
const escaped = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/**
 * What AWS does with a request: computes its Signature Version 4 anew from the secret of the key it names
 * (AWS documentation, "Create a signed AWS API request"). Answers who signed for what, or null when it does not fit.
 */
export function verifySigV4(
  { method, url, headers, body }: SignedRequest,
  secretOf: (accessKeyId: string) => string | undefined,
): { readonly accessKeyId: string; readonly region: string; readonly service: string } | null {
  const match = AUTHORIZATION.exec(headers.authorization ?? '');
  const [, accessKeyId = '', day = '', region = '', service = '', signedHeaders = '', signature] =
    match ?? [];
  const secret = secretOf(accessKeyId);
  const at = String(headers['x-amz-date']);
  if (match === null || secret === undefined || !at.startsWith(day)) return null;
  const [path = '', query = ''] = url.split('?', 2);
  const canonicalQuery = [...new URLSearchParams(query)]
    .map(([name, value]) => `${escaped(name)}=${escaped(value)}`)
    .sort()
    .join('&');
  const canonicalHeaders = signedHeaders
    .split(';')
    .map((name) => `${name}:${String(headers[name]).trim().replace(/ +/g, ' ')}\n`)
    .join('');
  const canonical = [
    method,
    path.split('/').map(escaped).join('/'),
    canonicalQuery,
    canonicalHeaders,
    signedHeaders,
    sha256(body),
  ].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', at, scope, sha256(canonical)].join('\n');
  const key = [day, region, service, 'aws4_request'].reduce<Buffer | string>(hmac, `AWS4${secret}`);
  const expected = createHmac('sha256', key).update(toSign).digest('hex');
  return expected === signature ? { accessKeyId, region, service } : null;
}
