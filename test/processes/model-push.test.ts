import { generateKeyPairSync, verify } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../support/run-cli.ts';
import { runOnTerminal } from '../support/run-on-terminal.ts';
import { ADMIN_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';

const FILE = resolve('models/samples/movie-ranker/v1/model.onnx');
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
let gateway: TestGateway;
let bucket: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  bucket = await mkdtemp(join(tmpdir(), 'switchyard-push-'));
});

afterAll(async () => {
  await gateway.stop();
  await rm(bucket, { recursive: true, force: true });
});

const push = (name: string, file: string) =>
  runCli(
    [
      '--url',
      gateway.url,
      'model',
      'push',
      name,
      file,
      '--to',
      pathToFileURL(bucket).href,
      '--sign-as',
      'ci',
    ],
    {
      env: {
        ADMIN_API_KEY: ADMIN_KEY,
        SWITCHYARD_SIGNING_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      },
    },
  );

describe('switchyard model push', () => {
  it('uploads a model under its digest and registers it, signed and with its signature', async () => {
    const { exitCode, stderr } = await push('movie-ranker/v1', FILE);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const { body } = await gateway.admin('GET', '/models/movie-ranker/versions/v1');
    expect(body.artifacts).toEqual([`${pathToFileURL(bucket).href}/movie-ranker/v1/${body.sha256}.onnx`]);
    expect(await readdir(join(bucket, 'movie-ranker/v1'))).toContain(`${body.sha256}.onnx`);
    expect(body.signature.inputs).toContainEqual({ name: 'genre', datatype: 'BYTES', shape: [-1] });
    const text = Buffer.from(`movie-ranker/v1:${body.sha256}`);
    expect(body.attestation.key).toBe('ci');
    expect(verify(null, text, publicKey, Buffer.from(body.attestation.ed25519, 'base64'))).toBe(true);
  });

  it('shows on a terminal how far it is, and leaves only the result behind', async () => {
    const to = pathToFileURL(bucket).href;
    const { raw, text } = await runOnTerminal(
      ['--url', gateway.url, 'model', 'push', 'movie-ranker/v9', FILE, '--to', to, `${to}/copy`],
      { env: { ADMIN_API_KEY: ADMIN_KEY } },
    );
    expect(text).toContain('1/3 984 bytes to file:///');
    expect(text).toContain('2/3 984 bytes to file:///');
    expect(raw.slice(raw.lastIndexOf('\r\x1b[K'))).toMatch(/Registered movie-ranker\/v9: 984 bytes/);
  });

  it('registers nothing for a file that is no model', async () => {
    const { exitCode, stderr } = await push('movie-ranker/v2', resolve('package.json'));
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^switchyard: /);
    expect((await gateway.admin('GET', '/models/movie-ranker/versions/v2')).status).toBe(404);
  });
});
