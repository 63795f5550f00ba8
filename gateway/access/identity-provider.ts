import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import * as oidc from 'openid-client';
import { Problem } from '../problems.ts';
import type { Principal } from './principal.ts';
import { type RoleMapping, rolesOf } from './role-mapping.ts';

const TIMEOUT_SECONDS = 5;
/** Signatures by a key of the provider's own; never a shared secret, never none. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

export interface IdentityProviderOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | null;
  /** Whom tokens of automation must be meant for. */
  readonly audience: string;
  readonly scope: string;
  readonly groupsClaim: string;
  readonly roleMappings: readonly RoleMapping[];
  /** Where browsers come back to. */
  readonly redirectUri: string;
}

/** What the browser keeps between leaving for the provider and coming back. */
export interface SignInState {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

interface Discovered {
  readonly configuration: oidc.Configuration;
  readonly keys: JWTVerifyGetKey;
}

/** The company's identity provider: OpenID Connect, authorization code with PKCE for people, JWT for automation. */
export class IdentityProvider {
  readonly #options: IdentityProviderOptions;
  #discovered: Promise<Discovered> | null = null;

  constructor(options: IdentityProviderOptions) {
    this.#options = options;
  }

  /** Where to send a browser, and what has to be known when it comes back. */
  async beginSignIn(): Promise<{ readonly url: URL; readonly state: SignInState }> {
    const { configuration } = await this.#discover();
    const state = {
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
      codeVerifier: oidc.randomPKCECodeVerifier(),
    };
    const url = oidc.buildAuthorizationUrl(configuration, {
      redirect_uri: this.#options.redirectUri,
      scope: this.#options.scope,
      state: state.state,
      nonce: state.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(state.codeVerifier),
      code_challenge_method: 'S256',
    });
    return { url, state };
  }

  /** Who came back; `query` is that of the redirect. Throws `unauthenticated` or `forbidden`. */
  async finishSignIn(query: string, { state, nonce, codeVerifier }: SignInState): Promise<Principal> {
    const { configuration } = await this.#discover();
    const url = new URL(this.#options.redirectUri);
    url.search = query;
    const tokens = await oidc
      .authorizationCodeGrant(configuration, url, {
        pkceCodeVerifier: codeVerifier,
        expectedState: state,
        expectedNonce: nonce,
        idTokenExpected: true,
      })
      .catch((cause: unknown) => {
        throw new Problem('unauthenticated', 'the identity provider did not confirm the sign-in: try again', {
          cause,
        });
      });
    const claims = tokens.claims();
    if (claims === undefined) throw new Error('a sign-in without an ID token was let through');
    const complete = this.#options.groupsClaim in claims && 'email' in claims;
    if (complete || configuration.serverMetadata().userinfo_endpoint === undefined) {
      return this.#principal(claims, 'session');
    }
    const userInfo = await oidc.fetchUserInfo(configuration, tokens.access_token, claims.sub);
    return this.#principal({ ...claims, ...userInfo }, 'session');
  }

  /** Who sent this token, or null when it is not one of the provider's for this gateway, now. */
  async verifyToken(token: string): Promise<Principal | null> {
    const { keys } = await this.#discover();
    const { issuer, audience } = this.#options;
    try {
      const { payload } = await jwtVerify(token, keys, { issuer, audience, algorithms: ALGORITHMS });
      return this.#principal(payload, 'token');
    } catch (error) {
      if (error instanceof errors.JWKSTimeout) throw unreachable(error);
      if (error instanceof errors.JOSEError) return null;
      if (error instanceof Problem) throw error;
      throw unreachable(error);
    }
  }

  #principal(claims: JWTPayload, key: string): Principal {
    const { groupsClaim, roleMappings } = this.#options;
    const groups = claims[groupsClaim];
    const held = rolesOf(roleMappings, Array.isArray(groups) ? groups : []);
    if (held.roles.size === 0) {
      throw new Problem('forbidden', 'none of your groups has a role here: ask for one (OIDC_ROLES)');
    }
    const name = [claims['email'], claims['preferred_username'], claims['client_id'], claims.sub].find(
      (candidate) => typeof candidate === 'string',
    );
    return { name: String(name), ...held, key };
  }

  /** Asked once; after a failure, again at the next question. */
  #discover(): Promise<Discovered> {
    this.#discovered ??= this.#ask().catch((error: unknown) => {
      this.#discovered = null;
      throw unreachable(error);
    });
    return this.#discovered;
  }

  async #ask(): Promise<Discovered> {
    const { issuer, clientId, clientSecret } = this.#options;
    const server = new URL(issuer);
    const configuration = await oidc.discovery(
      server,
      clientId,
      clientSecret ?? undefined,
      clientSecret === null ? oidc.None() : undefined,
      { timeout: TIMEOUT_SECONDS, execute: server.protocol === 'http:' ? [oidc.allowInsecureRequests] : [] },
    );
    const { jwks_uri: keysUri } = configuration.serverMetadata();
    if (keysUri === undefined) throw new Error('the identity provider names no jwks_uri');
    // Asks again for a key it does not know, so the provider may rotate its keys at any time.
    return { configuration, keys: createRemoteJWKSet(new URL(keysUri), { cooldownDuration: 1_000 }) };
  }
}

function unreachable(cause: unknown): Problem {
  return new Problem(
    'identity-provider-unavailable',
    'the identity provider does not answer: try again shortly',
    {
      cause,
    },
  );
}
