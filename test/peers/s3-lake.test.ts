import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, vi } from 'vitest';
import { openObjectStore } from '../../models/artifacts/open-object-store.ts';
import { describeSharedLake } from '../gateway/pipeline/shared-lake-contract.ts';
import { type CephServer, startCeph, whyNoCeph } from '../support/ceph.ts';

const missing = whyNoCeph();
const title = "a lake on Ceph's RADOS gateway";

describe.skipIf(missing !== null)(missing === null ? 'S3' : `${title} (skipped: ${missing})`, () => {
  let ceph: CephServer;
  beforeAll(async () => {
    ceph = await startCeph();
    vi.stubEnv('AWS_ENDPOINT_URL_S3', ceph.url);
    vi.stubEnv('AWS_REGION', 'us-east-1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', ceph.owner.accessKey);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', ceph.owner.secretKey);
    const client = new S3Client({ forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: 'lake' }));
    client.destroy();
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await ceph.stop();
  });

  describeSharedLake(title, async () => openObjectStore(`s3://lake/${crypto.randomUUID()}`));
});
