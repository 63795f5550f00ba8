import { generateKeyPairSync, sign, verify } from 'node:crypto';
import type { RequestListener } from 'node:http';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });

export interface Claims {
  readonly aud: string;
  readonly email: string;
  readonly exp: number;
}

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** An identity token as Google would make it out, signed by this process's own issuer. */
export function identityToken(claims: Partial<Claims> & Pick<Claims, 'aud'>): string {
  const inOneHour = Math.floor(Date.now() / 1_000) + 3_600;
  const text = `${encoded({ alg: 'RS256', typ: 'JWT' })}.${encoded({ email: 'gateway@project', exp: inOneHour, ...claims })}`;
  return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`;
}

/** The claims of a bearer token that this issuer signed and that has not ended; null for any other. */
export function verifyIdentityToken(authorization: string | undefined): Claims | null {
  const [, header = '', payload = '', signature = ''] =
    /^Bearer ([^.]+)\.([^.]+)\.([^.]+)$/.exec(authorization ?? '') ?? [];
  const signed = verify(
    'sha256',
    Buffer.from(`${header}.${payload}`),
    publicKey,
    Buffer.from(signature, 'base64url'),
  );
  if (!signed) return null;
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Claims;
  return claims.exp * 1_000 > Date.now() ? claims : null;
}

/** A metadata server of Google Cloud, as far as tokens go; asks for its header as the real one does. */
export function metadataServer(accessToken: string): RequestListener {
  return (request, response) => {
    const url = new URL(request.url ?? '', 'http://metadata');
    response.setHeader('metadata-flavor', 'Google');
    if (request.headers['metadata-flavor'] !== 'Google') response.writeHead(403).end();
    else if (url.pathname.endsWith('/default/token')) {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ access_token: accessToken, expires_in: 3_600, token_type: 'Bearer' }));
    } else if (url.pathname.endsWith('/default/identity')) {
      response.end(identityToken({ aud: url.searchParams.get('audience') ?? '' }));
    } else response.end('ok');
  };
}
