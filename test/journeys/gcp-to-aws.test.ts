import { expect, it, onTestFinished } from 'vitest';
import { metadataServer, verifyIdentityToken } from '../support/google-identity.ts';
import { inferThrough } from '../support/infer-through.ts';
import { verifySigV4 } from '../support/sigv4.ts';
import { startTestGateway } from '../support/test-gateway.ts';
import { openInferenceAnswer, startUpstream } from '../support/upstream.ts';

const ROLE = 'arn:aws:iam::123456789012:role/switchyard-gateway';
const SESSION = { id: 'ASIASESSION', secret: 'secret-of-the-session', token: 'token-of-the-session' };

const assumed = (
  endsMs: number,
) => `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult><Credentials>
    <AccessKeyId>${SESSION.id}</AccessKeyId><SecretAccessKey>${SESSION.secret}</SecretAccessKey>
    <SessionToken>${SESSION.token}</SessionToken><Expiration>${new Date(endsMs).toISOString()}</Expiration>
  </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`;

it('a gateway in Google Cloud signs for SageMaker as a role that its identity may take on', async () => {
  let lastsMs = 60_000;
  const metadata = await startUpstream(metadataServer('unused'));
  const sts = await startUpstream((_request, response) => {
    const asked = new URLSearchParams(sts.requests.at(-1)?.body);
    const claims = verifyIdentityToken(`Bearer ${asked.get('WebIdentityToken')}`);
    const known = asked.get('RoleArn') === ROLE && claims?.aud === 'sts.amazonaws.com';
    response.writeHead(known ? 200 : 403, { 'content-type': 'text/xml' });
    response.end(known ? assumed(Date.now() + lastsMs) : '<ErrorResponse/>');
  });
  const sagemaker = await startUpstream(openInferenceAnswer(1));
  onTestFinished(() => Promise.all([metadata.stop(), sts.stop(), sagemaker.stop()]).then(() => undefined));
  Object.assign(process.env, {
    GCE_METADATA_HOST: new URL(metadata.url).host,
    AWS_ENDPOINT_URL_STS: sts.url,
    AWS_REGION: 'eu-central-1',
  });
  const gateway = await startTestGateway({
    AWS_ROLE_ARN: ROLE,
    AWS_WEB_IDENTITY_AUDIENCE: 'sts.amazonaws.com',
  });
  onTestFinished(() => gateway.stop());
  const infer = await inferThrough(gateway, {
    kind: 'sagemaker',
    cloud: 'aws',
    region: 'us-east-1',
    endpointName: 'ranker',
    url: sagemaker.url,
  });
  const signer = () => {
    const [request] = sagemaker.requests.slice(-1);
    if (request === undefined) throw new Error('nothing was asked');
    expect(request.headers['x-amz-security-token']).toBe(SESSION.token);
    return verifySigV4({ ...request, body: request.bytes }, (id) =>
      id === SESSION.id ? SESSION.secret : undefined,
    );
  };
  expect(await infer()).toMatchObject({ status: 200 });
  expect(signer()).toEqual({ accessKeyId: SESSION.id, region: 'us-east-1', service: 'sagemaker' });
  // The session is about to end, so the next request asks for a new one; that one lasts.
  lastsMs = 3_600_000;
  expect(await infer()).toMatchObject({ status: 200 });
  expect(await infer()).toMatchObject({ status: 200 });
  expect(signer()).not.toBeNull();
  expect(sts.requests).toHaveLength(2);
});
