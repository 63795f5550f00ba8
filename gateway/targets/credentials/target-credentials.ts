import type { Logger } from 'pino';
import type { Target } from '../../../models/catalogue/target.ts';
import { AwsCredentials, type WebIdentity } from './aws-credentials.ts';
import { type Federation, GoogleCredentials } from './google-credentials.ts';

export type CredentialHeaders = Readonly<Record<string, string>>;

export interface TargetCredentialsOptions {
  /** The environment's `SWITCHYARD_TARGET_…` by name. */
  readonly secrets: ReadonlyMap<string, string>;
  /** How to be somebody at AWS without being there; null: AWS's default chain. */
  readonly awsWebIdentity: WebIdentity | null;
  /** How to be somebody at Google with AWS's credentials; null: Google's default chain. */
  readonly googleFederation: Federation | null;
  readonly logger: Pick<Logger, 'warn'>;
}

const NONE: CredentialHeaders = Object.freeze({});

/** What each target asks of its callers, as headers. Clouds are asked only when a target of theirs is. */
export class TargetCredentials {
  readonly #secrets: ReadonlyMap<string, string>;
  readonly #logger: Pick<Logger, 'warn'>;
  readonly #google: GoogleCredentials;
  readonly #aws: AwsCredentials;

  constructor({ secrets, awsWebIdentity, googleFederation, logger }: TargetCredentialsOptions) {
    this.#secrets = secrets;
    this.#logger = logger;
    this.#google = new GoogleCredentials(googleFederation, () => this.#aws.credentials());
    this.#aws = new AwsCredentials(awsWebIdentity, (audience) => this.#google.idToken(audience));
  }

  get aws(): AwsCredentials {
    return this.#aws;
  }

  /** Fetches what requests to the target will need. A failure is logged, and comes up again with the request. */
  prepare(target: Target): void {
    const ready = serviceOf(target) === null ? this.headersFor(target) : this.#aws.credentials();
    if (!(ready instanceof Promise)) return;
    ready.catch((error: unknown) =>
      this.#logger.warn(
        { reason: messageOf(error), target: target.key },
        'no credentials for a target can be had now',
      ),
    );
  }

  /** At once for secrets, later for tokens. Requests to AWS are signed instead: see `serviceOf` and `aws`. */
  headersFor(target: Target): CredentialHeaders | Promise<CredentialHeaders> {
    switch (target.kind) {
      case 'onnx':
      case 'sagemaker':
        return NONE;
      case 'vertex':
        return this.#google.accessToken().then(bearer);
      default:
        return this.#forHost(target);
    }
  }

  #forHost(
    target: Target & { readonly kind: 'oip' | 'predict' | 'http' },
  ): CredentialHeaders | Promise<CredentialHeaders> {
    const { auth, apiKeyEnv } = target;
    if (auth?.kind === 'google-id-token') {
      const audience = auth.audience ?? new URL(target.url).origin;
      return this.#google.idToken(audience).then(bearer);
    }
    if (auth?.kind === 'aws-signature') return NONE;
    if (auth?.kind === 'header') {
      const value = this.#secrets.get(auth.env);
      return value === undefined ? NONE : { [auth.name]: value };
    }
    const token = apiKeyEnv === undefined ? undefined : this.#secrets.get(apiKeyEnv);
    return token === undefined ? NONE : bearer(token);
  }
}

/** The service of AWS that a target's requests are signed for; null where they are not. */
export function serviceOf(target: Target): 'sagemaker' | 'execute-api' | null {
  if (target.kind === 'sagemaker') return 'sagemaker';
  return 'auth' in target && target.auth?.kind === 'aws-signature' ? 'execute-api' : null;
}

const bearer = (token: string): CredentialHeaders => ({ authorization: `Bearer ${token}` });

/** No more than the message: the libraries' errors carry whole requests, tokens among them. */
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
