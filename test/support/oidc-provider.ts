import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';

export interface OidcProvider {
  readonly issuer: string;
  stop(): Promise<void>;
}

export interface OidcProviderOptions {
  /** 0 takes a free one; a port given again is the same issuer with new keys. */
  readonly port: number;
  readonly redirectUri: string;
  /** Groups of people by their login. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
}

export const CLIENT = { id: 'switchyard', secret: 'a-secret-of-the-client-0123456789' };
export const AUTOMATION = {
  id: 'pipeline',
  secret: 'a-secret-of-the-pipeline-0123456789',
  group: 'automation',
};
export const AUDIENCE = 'https://switchyard.test';

/** A real, certified provider (npm: oidc-provider) with signing keys of its own, made at every start. */
export async function startOidcProvider({
  port,
  redirectUri,
  groups,
}: OidcProviderOptions): Promise<OidcProvider> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const key = { ...(await exportJWK(privateKey)), use: 'sig', alg: 'RS256', kid: crypto.randomUUID() };
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    jwks: { keys: [key] },
    cookies: { keys: ['a-key-for-cookies'] },
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code'],
      },
      {
        client_id: AUTOMATION.id,
        client_secret: AUTOMATION.secret,
        redirect_uris: [],
        response_types: [],
        grant_types: ['client_credentials'],
      },
    ],
    claims: { openid: ['sub', 'groups'], email: ['email'], profile: ['name'] },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@acme.example`, groups: [...(groups[id] ?? [])] }),
    }),
    extraTokenClaims: () => ({ groups: [AUTOMATION.group] }),
    features: {
      devInteractions: { enabled: true },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: '',
          audience: AUDIENCE,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 300,
        }),
      },
    },
  });
  server.on('request', provider.callback());
  return {
    issuer,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
