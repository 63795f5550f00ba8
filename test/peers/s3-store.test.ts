import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ArtifactCache, type ArtifactCacheOptions } from '../../models/artifacts/artifact-cache.ts';
import { openObjectStore } from '../../models/artifacts/open-object-store.ts';
import { describeObjectStore } from '../models/artifacts/object-store-contract.ts';
import { type CephServer, type S3User, startCeph, whyNoCeph } from '../support/ceph.ts';
import { refOf } from '../support/onnx-models.ts';
import { startUpstream } from '../support/upstream.ts';

const missing = whyNoCeph();
const title = "an S3 store against Ceph's RADOS gateway";

describe.skipIf(missing !== null)(missing === null ? 'S3' : `${title} (skipped: ${missing})`, () => {
  let ceph: CephServer;
  const use = ({ accessKey, secretKey }: S3User) => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', accessKey);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', secretKey);
  };
  beforeAll(async () => {
    ceph = await startCeph();
    vi.stubEnv('AWS_ENDPOINT_URL_S3', ceph.url);
    vi.stubEnv('AWS_REGION', 'us-east-1');
    use(ceph.owner);
    const client = new S3Client({ forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: 'models' }));
    client.destroy();
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await ceph.stop();
  });

  describeObjectStore(title, {
    open: () => openObjectStore(`s3://models/${crypto.randomUUID()}`),
    openForbidden: async () => {
      const uri = `s3://models/${crypto.randomUUID()}`;
      await openObjectStore(uri).write('x', Buffer.from('x'));
      use(ceph.stranger);
      const store = openObjectStore(uri);
      // The SDK asks its chain for credentials at the first call, and keeps them.
      await store.info('x').catch(() => undefined);
      use(ceph.owner);
      return store;
    },
    openUnavailable: async () => {
      vi.stubEnv('AWS_ENDPOINT_URL_S3', 'http://127.0.0.1:9');
      const store = openObjectStore('s3://models');
      // The endpoint too is read at the first call.
      await store.info('x').catch(() => undefined);
      vi.stubEnv('AWS_ENDPOINT_URL_S3', ceph.url);
      return store;
    },
  });

  it('gives up on a server that hangs within its time limit', async () => {
    const store = openObjectStore('s3://models', { timeoutMs: 500 });
    await store.write('hung', Buffer.from('x'));
    ceph.hang();
    await expect(store.read('hung')).rejects.toMatchObject({ code: 'unavailable' });
    ceph.resume();
    await expect(store.info('hung')).resolves.toMatchObject({ sizeBytes: 1 });
  });

  describe('that holds artifacts', () => {
    const content = Buffer.alloc(3_000_000, 'the bytes of a model. ');
    let directory: string;
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 's3-artifacts-'));
    });
    afterAll(() => rm(directory, { recursive: true }));
    const stored = async () => {
      const name = `${crypto.randomUUID()}.onnx`;
      await openObjectStore('s3://models').write(name, content);
      return { ...refOf(content), artifacts: [`s3://models/${name}`] };
    };
    const cache = (options: Partial<ArtifactCacheOptions> = {}) =>
      new ArtifactCache({
        directory: join(directory, crypto.randomUUID()),
        openStore: openObjectStore,
        ...options,
      });

    it('gives a verified copy of one, and says which is missing or altered', async () => {
      const artifact = await stored();
      expect((await readFile(await cache().fetch(artifact))).equals(content)).toBe(true);
      const missing = { ...artifact, artifacts: ['s3://models/nothing.onnx'] };
      await expect(cache().fetch(missing)).rejects.toMatchObject({ code: 'missing' });
      await openObjectStore('s3://models').write(
        artifact.artifacts[0]?.slice('s3://models/'.length) ?? '',
        Buffer.alloc(content.length, 'other bytes. '),
      );
      await expect(cache().fetch(artifact)).rejects.toMatchObject({ code: 'digest-mismatch' });
    });

    it('takes it from the next place where access to the first is denied', async () => {
      const artifact = await stored();
      use(ceph.stranger);
      await expect(cache().fetch(artifact)).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('forbidden'),
      });
      const copy = join(directory, 'copy.onnx');
      await writeFile(copy, content);
      const twice = { ...artifact, artifacts: [...artifact.artifacts, pathToFileURL(copy).href] };
      expect((await readFile(await cache().fetch(twice))).equals(content)).toBe(true);
      use(ceph.owner);
    });

    it('gives up on a server that hangs, and gets it once that goes on', async () => {
      const artifact = await stored();
      const openStore = (uri: string) => openObjectStore(uri, { timeoutMs: 300 });
      ceph.hang();
      const hung = cache({ openStore, stallTimeoutMs: 300 }).fetch(artifact);
      await expect(hung).rejects.toMatchObject({ code: 'unavailable' });
      ceph.resume();
      expect((await readFile(await cache().fetch(artifact))).equals(content)).toBe(true);
    });

    it('asks for credentials again before those that it has expire', async () => {
      const artifact = await stored();
      let asked = 0;
      const { accessKey: AccessKeyId, secretKey: SecretAccessKey } = ceph.owner;
      const upstream = await startUpstream((_request, response) => {
        asked += 1;
        const Expiration = new Date(Date.now() + 60_000).toISOString();
        response
          .setHeader('content-type', 'application/json')
          .end(JSON.stringify({ AccessKeyId, SecretAccessKey, Token: '', Expiration }));
      });
      vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
      vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined);
      vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', `${upstream.url}/credentials`);
      const store = openObjectStore('s3://models');
      const name = artifact.artifacts[0]?.slice('s3://models/'.length) ?? '';
      for (let call = 0; call < 3; call += 1) await store.info(name);
      vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', undefined);
      use(ceph.owner);
      await upstream.stop();
      // A minute is less than the SDK wants to be left: it has asked anew for each call.
      expect(asked).toBeGreaterThan(1);
    });
  });

  it('says not-found for a bucket that is not there', async () => {
    await expect(openObjectStore('s3://nowhere').read('x')).rejects.toMatchObject({ code: 'not-found' });
  });
});
