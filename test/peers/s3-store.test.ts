import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openObjectStore } from '../../models/artifacts/open-object-store.ts';
import { describeObjectStore } from '../models/artifacts/object-store-contract.ts';
import { type CephServer, type S3User, startCeph, whyNoCeph } from '../support/ceph.ts';

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

  it('says not-found for a bucket that is not there', async () => {
    await expect(openObjectStore('s3://nowhere').read('x')).rejects.toMatchObject({ code: 'not-found' });
  });
});
