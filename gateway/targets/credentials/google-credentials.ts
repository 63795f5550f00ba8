import type { AwsCredentialIdentity } from '@smithy/types';
import {
  AwsClient,
  BaseExternalAccountClient,
  GoogleAuth,
  type IdTokenClient,
  Impersonated,
} from 'google-auth-library';

const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform';
const IMPERSONATION_SECONDS = 3_600;

/** A workload identity federation with AWS: Google's `external_account` configuration, which holds no secret. */
export interface Federation {
  readonly audience: string;
  readonly subject_token_type: string;
  readonly token_url: string;
  readonly service_account_impersonation_url: string;
}

/**
 * Tokens of Google's default chain: a metadata server on Google Cloud; elsewhere a workload identity federation
 * file in GOOGLE_APPLICATION_CREDENTIALS, which trades the credentials that the process has anyway (AWS's among
 * them) for Google's. The library keeps access tokens until shortly before they end.
 *
 * With a federation given, whatever AWS's own chain finds is traded: the library by itself looks for AWS's
 * credentials in the environment and on EC2 alone, and a container on ECS has them from neither.
 */
export class GoogleCredentials {
  readonly #auth: GoogleAuth;
  readonly #federation: Federation | null;
  readonly #idTokenClients = new Map<string, Promise<{ idToken(): Promise<string> }>>();

  constructor(federation: Federation | null, awsCredentials: () => Promise<AwsCredentialIdentity>) {
    this.#federation = federation;
    this.#auth = new GoogleAuth({
      scopes: [CLOUD_PLATFORM],
      ...(federation !== null && { authClient: awsClient(federation, awsCredentials) }),
    });
  }

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
    if (this.#federation !== null) return this.#federation.service_account_impersonation_url;
    const file = this.#auth.jsonContent;
    return file !== null && 'service_account_impersonation_url' in file
      ? file.service_account_impersonation_url
      : undefined;
  }
}

function awsClient(federation: Federation, awsCredentials: () => Promise<AwsCredentialIdentity>): AwsClient {
  return new AwsClient({
    ...federation,
    type: 'external_account',
    scopes: [CLOUD_PLATFORM],
    aws_security_credentials_supplier: {
      // Google sends what is signed to this region's STS, once an hour; every account has it turned on.
      getAwsRegion: async () => 'us-east-1',
      getAwsSecurityCredentials: async () => {
        const { accessKeyId, secretAccessKey, sessionToken } = await awsCredentials();
        return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { token: sessionToken }) };
      },
    },
  });
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
