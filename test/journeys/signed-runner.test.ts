import { expect, it, onTestFinished } from 'vitest';
import { inferThrough } from '../support/infer-through.ts';
import { verifySigV4 } from '../support/sigv4.ts';
import { startTestGateway } from '../support/test-gateway.ts';
import { openInferenceAnswer, startUpstream } from '../support/upstream.ts';

const KEY = { id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };

it('a runner behind an API that asks for IAM is asked with a signature on each request, body included', async () => {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: KEY.id, AWS_SECRET_ACCESS_KEY: KEY.secret });
  const signers: unknown[] = [];
  const api = await startUpstream((request, response) => {
    const received = api.requests.at(-1);
    if (received === undefined) throw new Error('nothing was asked');
    const signer = verifySigV4({ ...received, body: received.bytes }, (id) =>
      id === KEY.id ? KEY.secret : undefined,
    );
    signers.push(signer);
    // As API Gateway answers what IAM does not let through.
    if (signer === null) response.writeHead(403).end('{"message":"Forbidden"}');
    else openInferenceAnswer(1)(request, response);
  });
  onTestFinished(() => api.stop());
  const gateway = await startTestGateway();
  onTestFinished(() => gateway.stop());
  const infer = await inferThrough(gateway, {
    kind: 'oip',
    cloud: 'aws',
    region: 'eu-west-1',
    url: api.url,
    auth: { kind: 'aws-signature' },
  });
  expect(await infer()).toMatchObject({ status: 200 });
  expect(signers).toEqual([{ accessKeyId: KEY.id, region: 'eu-west-1', service: 'execute-api' }]);
});

it('a host that is only proxied cannot be signed for: its body is not known before it is sent', async () => {
  const gateway = await startTestGateway();
  onTestFinished(() => gateway.stop());
  const target = {
    key: 'host',
    kind: 'http',
    cloud: 'aws',
    region: 'eu-west-1',
    url: 'https://host.example',
  };
  expect(
    await gateway.admin('POST', '/targets', { ...target, auth: { kind: 'aws-signature' } }),
  ).toMatchObject({
    status: 422,
  });
});
