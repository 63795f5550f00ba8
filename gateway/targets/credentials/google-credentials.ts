import { BaseExternalAccountClient, GoogleAuth, type IdTokenClient, Impersonated } from 'google-auth-library';

const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform';
const IMPERSONATION_SECONDS = 3_600;

/**
 * Tokens of Google's default chain: a metadata server on Google Cloud; elsewhere a workload identity federation
 * file in GOOGLE_APPLICATION_CREDENTIALS, which trades the credentials that the process has anyway (AWS's among
 * them) for Google's. The library keeps access tokens until shortly before they end.
 */
export class GoogleCredentials {
  readonly #auth = new GoogleAuth({ scopes: [CLOUD_PLATFORM] });
  readonly #idTokenClients = new Map<string, Promise<{ idToken(): Promise<string> }>>();

  /** For Google's own services. */
  async accessToken(): Promise<string> {
    const token = await this.#auth.getAccessToken();
    if (token === null || token === undefined) throw new Error('Google gave no access token');
    return token;
  }

  /** Proves to `audience` who we are: Cloud Run, IAP, or AWS's STS. */
  async idToken(audience: string): Promise<string> {
    let client = this.#idTokenClients.get(audience);
    if (client === undefined) {
      client = this.#idTokenClient(audience);
      this.#idTokenClients.set(audience, client);
      // A failure is this caller's; the next one asks anew.
      client.catch(() => this.#idTokenClients.delete(audience));
    }
    return (await client).idToken();
  }

  async #idTokenClient(audience: string): Promise<{ idToken(): Promise<string> }> {
    const client = await this.#auth.getClient();
    if (client instanceof BaseExternalAccountClient)
      return federated(client, this.#impersonationUrl(), audience);
    return fromLibrary(await this.#auth.getIdTokenClient(audience));
  }

  #impersonationUrl(): string | undefined {
    const file = this.#auth.jsonContent;
    return file !== null && 'service_account_impersonation_url' in file
      ? file.service_account_impersonation_url
      : undefined;
  }
}

function fromLibrary(client: IdTokenClient): { idToken(): Promise<string> } {
  return {
    idToken: async () => {
      const header = (await client.getRequestHeaders()).get('authorization');
      if (header === null) throw new Error('Google gave no identity token');
      return header.replace(/^Bearer /, '');
    },
  };
}

/** A federated identity has no identity tokens of its own: the service account that it acts as makes them. */
function federated(
  source: BaseExternalAccountClient,
  impersonationUrl: string | undefined,
  audience: string,
): { idToken(): Promise<string> } {
  const targetPrincipal = source.getServiceAccountEmail();
  if (targetPrincipal === null || impersonationUrl === undefined) {
    throw new Error(
      'the federation file names no service account to act as (service_account_impersonation_url)',
    );
  }
  const account = new Impersonated({
    sourceClient: source,
    targetPrincipal,
    endpoint: new URL(impersonationUrl).origin,
    lifetime: IMPERSONATION_SECONDS,
  });
  let known = { token: '', renewAtMs: 0 };
  return {
    idToken: async () => {
      if (Date.now() >= known.renewAtMs) {
        const token = await account.fetchIdToken(audience, { includeEmail: true });
        known = { token, renewAtMs: endOf(token) - 300_000 };
      }
      return known.token;
    },
  };
}

/** When a token ends, ms since the epoch (RFC 7519, `exp`). */
function endOf(token: string): number {
  const [, payload = ''] = token.split('.');
  const { exp } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { exp: number };
  return exp * 1_000;
}
