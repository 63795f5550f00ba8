import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArtifactCache } from '../../../models/artifacts/artifact-cache.ts';
import { openObjectStore } from '../../../models/artifacts/open-object-store.ts';
import { ModelHost, type ModelHostOptions, type ServedVersion } from '../../../models/onnx/model-host.ts';
import { OnnxPool } from '../../../models/onnx/onnx-pool.ts';
import { linearModel, loopModel, refOf } from '../../support/onnx-models.ts';

let base: string;
let pool: OnnxPool;
let host: ModelHost;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'model-host-'));
  pool = new OnnxPool({ workers: 1 });
  const cache = new ArtifactCache({ directory: join(base, 'cache'), openStore: openObjectStore });
  host = new ModelHost({ cache, pool, canary: { deadlineMs: 4_000, memoryMiB: 2_048 } });
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

function openHost(options: Partial<ModelHostOptions>): void {
  const cache = new ArtifactCache({ directory: join(base, 'cache'), openStore: openObjectStore });
  host = new ModelHost({ cache, pool, canary: { deadlineMs: 20_000, memoryMiB: 2_048 }, ...options });
}

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

  it('serves only what a trusted signer has signed, once there is one', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    openHost({ signers: new Map([['release', publicKey]]) });
    const version = await versionOf('v1', linearModel([7]));
    await expect(host.serve(version)).rejects.toMatchObject({ code: 'untrusted' });
    const signature = sign(null, Buffer.from(`ranker/v1:${version.sha256}`), privateKey);
    await host.serve({ ...version, attestation: { key: 'release', ed25519: signature.toString('base64') } });
    expect(await score('v1')).toBe(7);
  });

  it('refuses a model with other inputs and outputs than it was registered with', async () => {
    const version = await versionOf('v1', linearModel([7]));
    const scores = { name: 'scores', datatype: 'FP32' as const, shape: [-1] };
    const features = { name: 'features', datatype: 'FP32' as const, shape: [-1, 1] };
    const wrong = { ...version, signature: { inputs: [{ ...features, shape: [-1, 2] }], outputs: [scores] } };
    await expect(host.serve(wrong)).rejects.toMatchObject({ code: 'signature-mismatch' });
    await host.serve({ ...version, signature: { inputs: [features], outputs: [scores] } });
  });

  it('admits with the example that was recorded, and not where that fails', async () => {
    const version = await versionOf('v1', linearModel([7]));
    const example = (shape: number[]) => [
      { name: 'features', datatype: 'FP32', shape, data: Array(2).fill(1) },
    ];
    await expect(host.serve({ ...version, example: example([1, 2]) })).rejects.toMatchObject({
      code: 'failed',
    });
    await host.serve({ ...version, example: example([2, 1]) });
    expect(await score('v1')).toBe(7);
  });

  it('makes room in memory by what was unused longest, which comes back when it is asked for', async () => {
    const bytes = linearModel([7]);
    openHost({ memoryBytes: 2 * (262_144 + bytes.length) + 100 });
    for (const version of ['v1', 'v2']) await host.serve(await versionOf(version, bytes));
    expect(await score('v1')).toBe(7);
    await host.serve(await versionOf('v3', linearModel([8])));
    const resident = () => ['v1', 'v2', 'v3'].map((version) => host.state('ranker', version));
    expect(resident()).toMatchObject([{ resident: true }, { resident: false }, { resident: true }]);
    expect(await Promise.all([score('v2'), score('v2')])).toEqual([7, 7]);
    expect(resident()).toMatchObject([{ resident: false }, { resident: true }, { resident: true }]);
  });

  it('says so when a model can never fit in its memory', async () => {
    openHost({ memoryBytes: 1_000 });
    await expect(host.serve(await versionOf('v1', linearModel([7])))).rejects.toMatchObject({
      code: 'too-large',
    });
  });
});
