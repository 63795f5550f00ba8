import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ArtifactCache } from '../../models/artifacts/artifact-cache.ts';
import { openObjectStore } from '../../models/artifacts/open-object-store.ts';
import { describeObjectStore } from '../models/artifacts/object-store-contract.ts';
import { startFakeGcs, whyNoFakeGcs } from '../support/fake-gcs-server.ts';
import { freePort } from '../support/free-port.ts';
import { refOf } from '../support/onnx-models.ts';

const missing = whyNoFakeGcs();
const title = 'a GCS store against fake-gcs-server';

describe.skipIf(missing !== null)(missing === null ? 'GCS' : `${title} (skipped: ${missing})`, () => {
  let server: Awaited<ReturnType<typeof startFakeGcs>>;
  beforeAll(async () => {
    server = await startFakeGcs(await freePort());
    vi.stubEnv('GCS_API_ENDPOINT', server.url);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await server.stop();
  });

  describeObjectStore(title, { open: () => openObjectStore(`gs://models/${crypto.randomUUID()}`) });

  it('gives a verified copy of an artifact, and says which is missing or altered', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'gcs-artifacts-'));
    const content = Buffer.alloc(3_000_000, 'the bytes of a model. ');
    const store = openObjectStore('gs://models');
    await store.write('ranker.onnx', content);
    const artifact = { ...refOf(content), artifacts: ['gs://models/ranker.onnx'] };
    const cache = () =>
      new ArtifactCache({ directory: join(directory, crypto.randomUUID()), openStore: openObjectStore });
    expect((await readFile(await cache().fetch(artifact))).equals(content)).toBe(true);
    await expect(cache().fetch({ ...artifact, artifacts: ['gs://models/nothing'] })).rejects.toMatchObject({
      code: 'missing',
    });
    await store.write('ranker.onnx', Buffer.alloc(content.length, 'other. '));
    await expect(cache().fetch(artifact)).rejects.toMatchObject({ code: 'digest-mismatch' });
    await rm(directory, { recursive: true });
  });
});
