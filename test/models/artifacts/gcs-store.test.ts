import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openObjectStore } from '../../../models/artifacts/open-object-store.ts';
import { type GcsDouble, startGcsDouble } from '../../support/gcs-double.ts';
import { describeObjectStore, namesOf } from './object-store-contract.ts';

let double: GcsDouble;
beforeAll(async () => {
  double = await startGcsDouble();
  vi.stubEnv('GCS_API_ENDPOINT', double.url);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await double.stop();
});

const open = () => openObjectStore(`gs://models/${crypto.randomUUID()}`);

describeObjectStore('a GCS store, against a double of the server', {
  open,
  openForbidden: () => openObjectStore('gs://forbidden/x'),
  openUnavailable: () => {
    vi.stubEnv('GCS_API_ENDPOINT', 'http://127.0.0.1:9');
    const store = openObjectStore('gs://models', { timeoutMs: 200 });
    vi.stubEnv('GCS_API_ENDPOINT', double.url);
    return store;
  },
});

describe('a GCS store', () => {
  it('tries a write again when the server was briefly unable, conditional or not', async () => {
    const store = open();
    double.failures.push(503);
    await store.write('x', Buffer.from('1'));
    double.failures.push(503);
    await store.write('y', Buffer.from('2'), { ifAbsent: true });
    expect(await namesOf(store, '')).toHaveLength(2);
  });

  it('can be left before the answer comes: what comes after that is thrown away in silence', async () => {
    const store = open();
    await store.write('x', Buffer.from('1'));
    const unhandled: unknown[] = [];
    const note = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', note);
    const held = double.hold();
    const leaving = new AbortController();
    const read = store.read('x', { signal: leaving.signal });
    await held.arrived;
    leaving.abort();
    await expect(read).rejects.toMatchObject({ code: 'unavailable' });
    await held.release();
    // The library has read its answer once another one, asked for later, is there.
    await store.info('x');
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });
});
