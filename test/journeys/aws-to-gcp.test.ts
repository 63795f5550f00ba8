import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { identityToken, verifyIdentityToken } from '../support/google-identity.ts';
import { inferThrough } from '../support/infer-through.ts';
import { verifySigV4 } from '../support/sigv4.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { startTestGateway } from '../support/test-gateway.ts';
import { openInferenceAnswer, startUpstream } from '../support/upstream.ts';

const AWS_KEY = { id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const POOL = '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/aws';
const ACCOUNT = 'gateway@shop.iam.gserviceaccount.com';

interface SubjectToken {
  readonly url: string;
  readonly method: string;
  readonly headers: readonly { readonly key: string; readonly value: string }[];
}

/** What Google does with the token of the exchange: a signed GetCallerIdentity, which it would send to AWS. */
function signerOf(subjectToken: string): string | undefined {
  const { url, method, headers } = JSON.parse(decodeURIComponent(subjectToken)) as SubjectToken;
  const named = Object.fromEntries(headers.map(({ key, value }) => [key.toLowerCase(), value]));
  if (named['x-goog-cloud-target-resource'] !== POOL) return undefined;
  const { pathname, search } = new URL(url);
  const request = { method, url: `${pathname}${search}`, headers: named, body: Buffer.alloc(0) };
  return verifySigV4(request, (id) => (id === AWS_KEY.id ? AWS_KEY.secret : undefined))?.accessKeyId;
}

/** How a process finds AWS's credentials and Google's federation, and what the gateway is told of it. */
const PLACES: Readonly<Record<string, (federation: string) => Promise<Readonly<Record<string, string>>>>> = {
  'with keys and a file in its environment': async (federation) => {
    const file = join(await temporaryDirectory(), 'federation.json');
    await writeFile(file, federation);
    Object.assign(process.env, {
      GOOGLE_APPLICATION_CREDENTIALS: file,
      AWS_ACCESS_KEY_ID: AWS_KEY.id,
      AWS_SECRET_ACCESS_KEY: AWS_KEY.secret,
      AWS_REGION: 'eu-central-1',
    });
    return {};
  },
  'in a container on ECS, by its task role': async (federation) => {
    for (const name of ['GOOGLE_APPLICATION_CREDENTIALS', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])
      delete process.env[name];
    const agent = await startUpstream((_request, response) => {
      const Expiration = new Date(Date.now() + 3_600_000).toISOString();
      const answer = {
        AccessKeyId: AWS_KEY.id,
        SecretAccessKey: AWS_KEY.secret,
        Token: 'of-the-task',
        Expiration,
      };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    });
    onTestFinished(() => agent.stop());
    process.env['AWS_CONTAINER_CREDENTIALS_FULL_URI'] = `${agent.url}/task`;
    return { GCP_WORKLOAD_IDENTITY: federation };
  },
};

it.each(Object.entries(PLACES))(
  'a gateway in AWS reaches Cloud Run and Vertex AI %s',
  async (_name, begin) => {
    const google = await startUpstream((request, response) => {
      const { body } = google.requests.at(-1) ?? { body: '' };
      const answer = (value: unknown) =>
        response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
      if (request.url === '/v1/token') {
        const token = new URLSearchParams(body).get('subject_token') ?? '';
        if (signerOf(token) !== AWS_KEY.id) response.writeHead(403).end('{"error":"access_denied"}');
        else
          answer({
            access_token: 'federated',
            expires_in: 3_600,
            token_type: 'Bearer',
            issued_token_type: 'x',
          });
      } else if (request.url?.endsWith(':generateAccessToken')) {
        expect(request.headers.authorization).toBe('Bearer federated');
        answer({ accessToken: 'as-the-account', expireTime: new Date(Date.now() + 3_600_000).toISOString() });
      } else if (request.url?.endsWith(':generateIdToken')) {
        expect(request.headers.authorization).toMatch(/^Bearer (federated|as-the-account)$/);
        answer({ token: identityToken({ aud: JSON.parse(body).audience, email: ACCOUNT }) });
      } else openInferenceAnswer(1)(request, response);
    });
    const iam = `${google.url}/v1/projects/-/serviceAccounts/${ACCOUNT}`;
    const environment = await begin(
      JSON.stringify({
        type: 'external_account',
        audience: POOL,
        subject_token_type: 'urn:ietf:params:aws:token-type:aws4_request',
        token_url: `${google.url}/v1/token`,
        service_account_impersonation_url: `${iam}:generateAccessToken`,
        credential_source: {
          environment_id: 'aws1',
          regional_cred_verification_url:
            'https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15',
        },
      }),
    );
    const place = { cloud: 'gcp', region: 'europe-west3', url: google.url };
    for (const [target, verify] of [
      [
        { ...place, kind: 'oip', auth: { kind: 'google-id-token' } },
        (authorization?: string) =>
          expect(verifyIdentityToken(authorization)).toMatchObject({ aud: google.url, email: ACCOUNT }),
      ],
      [
        { ...place, kind: 'vertex', project: 'shop', endpointId: '4711' },
        (authorization?: string) => expect(authorization).toBe('Bearer as-the-account'),
      ],
    ] as const) {
      const gateway = await startTestGateway(environment);
      onTestFinished(() => gateway.stop());
      const infer = await inferThrough(gateway, target);
      expect(await infer()).toMatchObject({ status: 200 });
      verify(google.requests.at(-1)?.headers.authorization);
      const asked = google.requests.length;
      expect(await infer()).toMatchObject({ status: 200 });
      expect(google.requests.length).toBe(asked + 1);
    }
    onTestFinished(() => google.stop());
  },
);
