import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { fromWebToken } from '@aws-sdk/credential-provider-web-identity';
import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from '@smithy/types';
import { NodeSha256 } from './node-sha256.ts';

/** A role that a Google identity may take on, as AWS's trust policy for accounts.google.com has it. */
export interface WebIdentity {
  readonly roleArn: string;
  /** Whom the Google token is made out to. */
  readonly audience: string;
}

export interface SignedRequest {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly region: string;
  readonly service: 'sagemaker' | 'execute-api';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string | null;
}

/** Credentials are renewed this long before they end: longer than any one request lasts. */
const RENEW_BEFORE_MS = 300_000;

/**
 * Signs requests to AWS (Signature Version 4). Credentials come from AWS's default chain (environment, web
 * identity file, container, instance), or, outside AWS, from a Google identity token exchanged at STS. Nothing is
 * ever configured that does not end by itself.
 */
export class AwsCredentials {
  readonly #provide: AwsCredentialIdentityProvider;
  readonly #signers = new Map<string, SignatureV4>();

  constructor(webIdentity: WebIdentity | null, googleIdToken: (audience: string) => Promise<string>) {
    this.#provide =
      webIdentity === null ? defaultProvider() : renewed(() => exchanged(webIdentity, googleIdToken));
  }

  /** Whoever the process is at AWS, now; rejects when it is nobody. */
  credentials(): Promise<AwsCredentialIdentity> {
    return this.#provide();
  }

  /** The headers to send, the signature among them; rejects when there are no credentials to be had. */
  async sign({
    method,
    url,
    region,
    service,
    headers,
    body,
  }: SignedRequest): Promise<Record<string, string>> {
    const signed = await this.#signerFor(region, service).sign({
      method,
      protocol: url.protocol,
      hostname: url.hostname,
      ...(url.port === '' ? {} : { port: Number(url.port) }),
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: { ...headers, host: url.host },
      body,
    });
    return signed.headers;
  }

  #signerFor(region: string, service: string): SignatureV4 {
    const key = `${service}/${region}`;
    const known = this.#signers.get(key);
    if (known !== undefined) return known;
    const made = new SignatureV4({ service, region, credentials: this.#provide, sha256: NodeSha256 });
    this.#signers.set(key, made);
    return made;
  }
}

async function exchanged(
  { roleArn, audience }: WebIdentity,
  googleIdToken: (audience: string) => Promise<string>,
): Promise<AwsCredentialIdentity> {
  const webIdentityToken = await googleIdToken(audience);
  return fromWebToken({ roleArn, webIdentityToken, roleSessionName: 'switchyard' })();
}

/** Asks again shortly before the end; callers that come meanwhile share one question. */
function renewed(ask: () => Promise<AwsCredentialIdentity>): AwsCredentialIdentityProvider {
  let known: AwsCredentialIdentity | null = null;
  let asking: Promise<AwsCredentialIdentity> | null = null;
  return async () => {
    const endsMs = known?.expiration?.getTime() ?? 0;
    if (known !== null && endsMs - Date.now() > RENEW_BEFORE_MS) return known;
    asking ??= ask().finally(() => {
      asking = null;
    });
    known = await asking;
    return known;
  };
}
