import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { modelStreamError, payloadPart } from '../support/event-stream.ts';
import { metadataServer, verifyIdentityToken } from '../support/google-identity.ts';
import { INFER_BODY } from '../support/ranking-endpoint.ts';
import { verifySigV4 } from '../support/sigv4.ts';
import { call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { makeTlsFiles } from '../support/tls-files.ts';
import { failWith, openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

const AWS_KEY = { id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };

let gateway: TestGateway;
let aws: Upstream;
let google: Upstream;
let metadata: Upstream;
let guarded: Server;
let secret: string;
let directory: string;
let clientName = '';

beforeAll(async () => {
  aws = await startUpstream(openInferenceAnswer(1));
  google = await startUpstream(openInferenceAnswer(2));
  metadata = await startUpstream(metadataServer('ya29.of-the-gateway'));
  process.env['AWS_ACCESS_KEY_ID'] = AWS_KEY.id;
  process.env['AWS_SECRET_ACCESS_KEY'] = AWS_KEY.secret;
  process.env['GCE_METADATA_HOST'] = new URL(metadata.url).host;
  directory = await mkdtemp(join(tmpdir(), 'switchyard-tls-'));
  const tls = makeTlsFiles(directory);
  guarded = createServer(
    {
      cert: readFileSync(tls.server.cert),
      key: readFileSync(tls.server.key),
      ca: readFileSync(tls.ca),
      requestCert: true,
      rejectUnauthorized: true,
    },
    (request, response) => {
      clientName = String((request.socket as TLSSocket).getPeerCertificate().subject.CN);
      openInferenceAnswer(3)(request, response);
    },
  ).listen(0, '127.0.0.1');
  await once(guarded, 'listening');
  gateway = await startTestGateway({
    SWITCHYARD_TARGET_HEADER: 'value-of-the-header',
    SWITCHYARD_TARGET_CERT: tls.client.cert,
    SWITCHYARD_TARGET_KEY: tls.client.key,
    SWITCHYARD_TARGET_CA: tls.ca,
  });
  ({ secret } = await gateway.tenant('acme'));
  await gateway.register('/models', { key: 'ranker' });
  await gateway.register('/models/ranker/versions', {
    version: 'v1',
    sha256: 'a'.repeat(64),
    sizeBytes: 1,
    artifacts: ['s3://models/ranker'],
  });
  const onAws = { model: 'ranker', version: 'v1', cloud: 'aws', region: 'eu-central-1', url: aws.url };
  const onGcp = { model: 'ranker', version: 'v1', cloud: 'gcp', region: 'europe-west3', url: google.url };
  const sagemaker = { kind: 'sagemaker', ...onAws, endpointName: 'ranker-prod' };
  const vertex = { kind: 'vertex', ...onGcp, project: 'shop', endpointId: '4711' };
  const url = `https://127.0.0.1:${(guarded.address() as AddressInfo).port}`;
  const tlsSetting = {
    certFileEnv: 'SWITCHYARD_TARGET_CERT',
    keyFileEnv: 'SWITCHYARD_TARGET_KEY',
    caFileEnv: 'SWITCHYARD_TARGET_CA',
  };
  const targets: Record<string, unknown>[] = [
    { ...sagemaker, key: 'sagemaker', targetVariant: 'blue' },
    { ...sagemaker, key: 'sagemaker-instances', format: 'instances' },
    { ...vertex, key: 'vertex' },
    { ...vertex, key: 'vertex-instances', format: 'instances' },
    { ...onGcp, key: 'cloud-run', kind: 'oip', auth: { kind: 'google-id-token' } },
    {
      ...onGcp,
      key: 'behind-iap',
      kind: 'predict',
      auth: { kind: 'google-id-token', audience: 'iap-client' },
    },
    {
      ...onAws,
      key: 'header',
      kind: 'oip',
      auth: { kind: 'header', name: 'x-secret', env: 'SWITCHYARD_TARGET_HEADER' },
    },
    { ...onAws, key: 'mtls', kind: 'oip', url, tls: tlsSetting },
    { ...onAws, key: 'no-identity', kind: 'oip', url, tls: { caFileEnv: 'SWITCHYARD_TARGET_CA' } },
    { ...onGcp, key: 'cloud-run-pages', kind: 'http', auth: { kind: 'google-id-token' } },
    { ...onAws, key: 'mtls-pages', kind: 'http', url, tls: tlsSetting },
  ];
  for (const target of targets) {
    await gateway.register('/targets', target);
    await gateway.register('/endpoints', { key: target['key'], defaultTarget: target['key'] });
  }
});

afterAll(async () => {
  await gateway.stop();
  await Promise.all([aws.stop(), google.stop(), metadata.stop()]);
  guarded.close();
  guarded.closeAllConnections();
  await rm(directory, { recursive: true });
});

afterEach(() => {
  aws.behave(openInferenceAnswer(1));
  google.behave(openInferenceAnswer(2));
  aws.requests.length = 0;
  google.requests.length = 0;
});

/** One inference with no twin to hide a failure: the deadline leaves no room for more than the first answer. */
const infer = (endpoint: string, body = INFER_BODY) =>
  call(`${gateway.url}/v2/models/${endpoint}/infer`, {
    method: 'POST',
    headers: { 'x-api-key': secret },
    body,
  });

const secretOf = (id: string) => (id === AWS_KEY.id ? AWS_KEY.secret : undefined);

function lastOf({ requests }: Upstream) {
  const [request] = requests.slice(-1);
  if (request === undefined) throw new Error('nothing was asked');
  return { ...request, body: request.bytes, text: request.body };
}

const BATCH = `{"id": "r-7", "inputs": [
  {"name": "film", "datatype": "INT64", "shape": [2, 1], "data": [9007199254740993, 2]},
  {"name": "genre", "datatype": "BYTES", "shape": [2], "data": ["a", "b"]}
]}`;

describe('a SageMaker endpoint that streams', () => {
  const TEXT = { 'x-amzn-sagemaker-content-type': 'text/event-stream' };
  const ask = (body: string | Uint8Array<ArrayBuffer>, path = '', headers: Record<string, string> = {}) =>
    fetch(`${gateway.url}/v1/proxy/sagemaker${path}`, {
      method: 'POST',
      headers: { 'x-api-key': secret, 'content-type': 'application/json', ...headers },
      body,
    });

  it('is asked with a signature, and its answer comes as the model writes it', async () => {
    const written: (() => void)[] = [];
    aws.behave((_request, response) => {
      response.writeHead(200, { ...TEXT, 'content-type': 'application/vnd.amazon.eventstream' });
      response.write(payloadPart('data: one\n\n'));
      written.push(() => response.end(payloadPart('data: two\n\n')));
    });
    const answer = await ask('{"prompt":"films"}', '', {
      accept: 'text/event-stream',
      'x-amzn-sagemaker-custom-attributes': 'tone=dry',
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    expect(answer.headers.get('x-switchyard-target')).toBe('sagemaker');
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toBe('data: one\n\n');
    for (const end of written) end();
    expect((await reader?.read())?.value).toBe('data: two\n\n');
    expect((await reader?.read())?.done).toBe(true);

    const asked = lastOf(aws);
    expect(asked.url).toBe('/endpoints/ranker-prod/invocations-response-stream');
    expect(asked.text).toBe('{"prompt":"films"}');
    expect(verifySigV4(asked, secretOf)).toEqual({
      accessKeyId: AWS_KEY.id,
      region: 'eu-central-1',
      service: 'sagemaker',
    });
    expect(asked.headers).toMatchObject({
      'x-amzn-sagemaker-accept': 'text/event-stream',
      'x-amzn-sagemaker-custom-attributes': 'tone=dry',
      'x-amzn-sagemaker-target-variant': 'blue',
      'x-amzn-sagemaker-inference-id': answer.headers.get('x-request-id'),
    });
    expect(asked.headers).not.toHaveProperty('x-api-key');
  });

  it('says what the model said instead of an answer, and when it gave up before the first part', async () => {
    aws.behave((_request, response) =>
      response
        .writeHead(424, { 'content-type': 'application/json' })
        .end(JSON.stringify({ OriginalStatusCode: 400, OriginalMessage: '{"error":"the prompt is empty"}' })),
    );
    const rejected = await ask('{}');
    expect(rejected.status).toBe(400);
    expect(await rejected.json()).toMatchObject({
      code: 'request-rejected',
      detail: expect.stringContaining('empty'),
    });
    aws.behave((_request, response) => response.end(modelStreamError('out of memory')));
    const failed = await ask('{}');
    expect(failed.status).toBe(502);
    expect(await failed.json()).toMatchObject({
      code: 'target-failed',
      detail: expect.stringMatching(/ModelStreamError.*out of memory/),
    });
  });

  it('ends the connection where the answer breaks off, so that nobody takes it for whole', async () => {
    for (const end of [modelStreamError('out of memory'), payloadPart('half').subarray(0, 30)]) {
      aws.behave((_request, response) => {
        response.writeHead(200, TEXT).write(payloadPart('begun'));
        setTimeout(() => response.end(end), 20);
      });
      const answer = await ask('{}');
      expect(answer.status).toBe(200);
      await expect(answer.text()).rejects.toThrow();
    }
  });

  it('is left when its client leaves', async () => {
    let left = false;
    aws.behave((_request, response) => {
      response.once('close', () => {
        left = !response.writableFinished;
      });
      response.writeHead(200, TEXT).write(payloadPart('begun'));
    });
    const answer = await ask('{}');
    const reader = answer.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    await expect.poll(() => left).toBe(true);
  });

  it('has nothing below it, and takes nothing but POST', async () => {
    expect((await ask('{}', '/chat')).status).toBe(400);
    const got = await fetch(`${gateway.url}/v1/proxy/sagemaker`, { headers: { 'x-api-key': secret } });
    expect(got.status).toBe(400);
    expect(aws.requests).toEqual([]);
  });
});

describe('a SageMaker endpoint', () => {
  it('gets requests that AWS would know as signed with our credentials, and byte for byte', async () => {
    const answer = await infer('sagemaker');
    expect(answer).toMatchObject({ status: 200, body: { outputs: [{ data: [1] }] } });
    const request = lastOf(aws);
    expect(verifySigV4(request, secretOf)).toEqual({
      accessKeyId: AWS_KEY.id,
      region: 'eu-central-1',
      service: 'sagemaker',
    });
    expect(request).toMatchObject({ url: '/endpoints/ranker-prod/invocations', text: INFER_BODY });
    expect(request.headers).toMatchObject({
      'x-amzn-sagemaker-target-variant': 'blue',
      'x-amzn-sagemaker-inference-id': answer.headers.get('x-request-id'),
    });
    expect(verifySigV4({ ...request, body: Buffer.from('altered') }, secretOf)).toBeNull();
  });

  it("has its container's own status unwrapped before anything is decided", async () => {
    const modelError = (status: number) =>
      JSON.stringify({ OriginalStatusCode: status, OriginalMessage: 'no such column', Message: 'wrapped' });
    const answerWith = (status: number) =>
      aws.behave((_request, response) => void response.writeHead(424).end(modelError(status)));
    answerWith(400);
    expect(await infer('sagemaker')).toMatchObject({
      status: 400,
      body: { code: 'request-rejected', detail: 'no such column' },
    });
    answerWith(500);
    expect((await infer('sagemaker')).headers.get('x-switchyard-fallback')).toBe('true');
  });
});

describe('targets that speak of instances', () => {
  it('get rows for tensors and give tensors for rows, with every digit', async () => {
    aws.behave(
      (_request, response) =>
        void response.end(
          '{"predictions": [{"score": [0.5, 1], "label": "x"}, {"score": [2, 3.5], "label": "y"}]}',
        ),
    );
    const { status, body } = await infer('sagemaker-instances', BATCH);
    expect(lastOf(aws).text).toBe(
      '{"instances":[{"film":[9007199254740993],"genre":"a"},{"film":[2],"genre":"b"}]}',
    );
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        model_name: 'ranker',
        model_version: 'v1',
        id: 'r-7',
        outputs: [
          { name: 'score', datatype: 'FP64', shape: [2, 2], data: [0.5, 1, 2, 3.5] },
          { name: 'label', datatype: 'BYTES', shape: [2], data: ['x', 'y'] },
        ],
      },
    });
  });

  it('refuse tensors that have no rows, in words', async () => {
    const body = JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [], data: [1] }] });
    expect(await infer('sagemaker-instances', body)).toMatchObject({
      status: 400,
      body: { code: 'request-rejected', detail: expect.stringContaining('"shape"') },
    });
  });
});

describe('a Vertex AI endpoint', () => {
  it('gets the access token of the gateway and the raw body, or instances', async () => {
    // The first token of all may take longer than a request waits; a twin answers until it is there.
    const served = async () => (await infer('vertex')).headers.get('x-switchyard-target');
    await expect.poll(served, { timeout: 10_000 }).toBe('vertex');
    const place = '/v1/projects/shop/locations/europe-west3/endpoints/4711';
    expect(lastOf(google)).toMatchObject({
      url: `${place}:rawPredict`,
      text: INFER_BODY,
      headers: { authorization: 'Bearer ya29.of-the-gateway' },
    });
    google.behave((_request, response) => void response.end('{"predictions": [[1.5], [2.5]]}'));
    expect(await infer('vertex-instances', BATCH)).toMatchObject({
      status: 200,
      body: { outputs: [{ name: 'predictions', datatype: 'FP64', shape: [2, 1], data: [1.5, 2.5] }] },
    });
    expect(lastOf(google).url).toBe(`${place}:predict`);
  });
});

describe('a host behind Google’s identity checks', () => {
  it('gets a token made out to itself, or to the audience it names', async () => {
    expect(await infer('cloud-run')).toMatchObject({ status: 200 });
    expect(verifyIdentityToken(lastOf(google).headers.authorization)).toMatchObject({ aud: google.url });
    google.behave((_request, response) => void response.end('{"predictions": [1]}'));
    expect(await infer('behind-iap')).toMatchObject({ status: 200 });
    expect(lastOf(google).url).toBe('/v1/models/ranker:predict');
    expect(verifyIdentityToken(lastOf(google).headers.authorization)).toMatchObject({ aud: 'iap-client' });
  });

  it('is reached the same way through the proxy', async () => {
    const headers = { 'x-api-key': secret };
    expect(await call(`${gateway.url}/v1/proxy/cloud-run-pages/x`, { headers })).toMatchObject({
      status: 200,
    });
    expect(verifyIdentityToken(lastOf(google).headers.authorization)).toMatchObject({ aud: google.url });
  });

  it('that does not accept the token gives way to its twin', async () => {
    google.behave(failWith(401, 'token expired'));
    const answer = await infer('cloud-run');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-switchyard-fallback')).toBe('true');
  });
});

describe('any other host', () => {
  it('gets a header whose value is a secret', async () => {
    expect(await infer('header')).toMatchObject({ status: 200 });
    expect(lastOf(aws).headers).toMatchObject({ 'x-secret': 'value-of-the-header' });
  });

  it('sees the certificate that the environment names, from inference and from the proxy', async () => {
    clientName = '';
    expect(await infer('mtls')).toMatchObject({ status: 200, body: { outputs: [{ data: [3] }] } });
    expect(clientName).toBe('client');
    clientName = '';
    const headers = { 'x-api-key': secret };
    expect(await call(`${gateway.url}/v1/proxy/mtls-pages/x`, { headers })).toMatchObject({ status: 200 });
    expect(clientName).toBe('client');
  });

  it('refuses us without one, and the twin answers', async () => {
    const answer = await infer('no-identity');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-switchyard-fallback')).toBe('true');
  });
});
