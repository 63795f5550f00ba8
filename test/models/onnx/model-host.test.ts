import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArtifactCache } from '../../../models/artifacts/artifact-cache.ts';
import { openObjectStore } from '../../../models/artifacts/open-object-store.ts';
import { ModelHost, type ServedVersion } from '../../../models/onnx/model-host.ts';
import { OnnxPool } from '../../../models/onnx/onnx-pool.ts';
import { linearModel, loopModel, refOf } from '../../support/onnx-models.ts';

let base: string;
let pool: OnnxPool;
let host: ModelHost;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'model-host-'));
  pool = new OnnxPool({ workers: 1 });
  const cache = new ArtifactCache({ directory: join(base, 'cache'), openStore: openObjectStore });
  host = new ModelHost({ cache, pool, canary: { deadlineMs: 1_500, memoryMiB: 2_048 } });
});
afterEach(async () => {
  await host.close();
  await pool.close();
  await rm(base, { recursive: true });
});

async function versionOf(version: string, bytes: Uint8Array): Promise<ServedVersion> {
  const path = join(base, crypto.randomUUID());
  await writeFile(path, bytes);
  return { model: 'ranker', version, ...refOf(bytes), artifacts: [pathToFileURL(path).href] };
}
const score = async (version: string) => {
  const inputs = [{ name: 'features', datatype: 'FP32', shape: [1, 1], data: Float32Array.of(1) }] as const;
  const [scores] = await host.infer({ model: 'ranker', version, inputs });
  return scores?.data[0];
};

describe('a model host', () => {
  it('serves a version once it is loading, admitted and warm, and says which bytes it serves', async () => {
    const version = await versionOf('v1', linearModel([7]));
    const served = host.serve(version);
    expect(host.state('ranker', 'v1')).toEqual({ status: 'loading' });
    await expect(score('v1')).rejects.toMatchObject({ code: 'unknown-model' });
    await served;
    expect(host.state('ranker', 'v1')).toMatchObject({
      status: 'ready',
      digest: version.sha256,
      signature: { inputs: [{ name: 'features' }] },
    });
    expect(await score('v1')).toBe(7);
  });

  it.each([
    ['an endless model', loopModel(), 'runaway'],
    ['a file that is no model', Buffer.from('nothing'), 'not-a-model'],
  ])('keeps a version serving while another one turns out to be %s', async (_what, bytes, code) => {
    await host.serve(await versionOf('v1', linearModel([7])));
    const failing = host.serve(await versionOf('v2', bytes));
    expect(await score('v1')).toBe(7);
    await expect(failing).rejects.toMatchObject({ code });
    expect(host.state('ranker', 'v2')).toMatchObject({ status: 'failed', error: { code } });
    expect(await score('v1')).toBe(7);
  });

  it('tries again when a failed version is asked for once more', async () => {
    const bytes = linearModel([7]);
    const whole = await versionOf('v1', bytes);
    const away = { ...whole, artifacts: [pathToFileURL(join(base, 'away')).href] };
    await expect(host.serve(away)).rejects.toMatchObject({ code: 'missing' });
    await host.serve(whole);
    expect(await score('v1')).toBe(7);
  });

  it('refuses other bytes under a version that it serves, and serves it on', async () => {
    await host.serve(await versionOf('v1', linearModel([7])));
    await expect(host.serve(await versionOf('v1', linearModel([8])))).rejects.toMatchObject({
      code: 'immutable',
    });
    expect(await score('v1')).toBe(7);
  });

  it('withdraws a version, whether it serves or still loads, and takes it back', async () => {
    const version = await versionOf('v1', linearModel([7]));
    await host.serve(version);
    await host.withdraw('ranker', 'v1');
    expect(host.state('ranker', 'v1')).toBeUndefined();
    await expect(score('v1')).rejects.toMatchObject({ code: 'unknown-model' });
    const loading = host.serve(version);
    await Promise.all([host.withdraw('ranker', 'v1'), expect(loading).rejects.toThrow()]);
    await host.serve(version);
    expect(await score('v1')).toBe(7);
  });
});
