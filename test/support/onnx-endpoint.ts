import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { refOf } from './onnx-models.ts';
import type { AdminClient } from './test-gateway.ts';

/** Model files in a directory of their own, and their registration as versions with targets in process. */
export class OnnxModels {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async create(): Promise<OnnxModels> {
    return new OnnxModels(await mkdtemp(join(tmpdir(), 'onnx-models-')));
  }

  /** Registers `model` with these versions, a target `model-version` for each, and an endpoint of the model's name. */
  async serve(
    gateway: AdminClient,
    model: string,
    versions: Readonly<Record<string, Uint8Array>>,
    endpoint: Record<string, unknown> = {},
  ): Promise<void> {
    await gateway.register('/models', { key: model });
    for (const [version, bytes] of Object.entries(versions))
      await this.version(gateway, model, { version, bytes });
    const [first] = Object.keys(versions);
    await gateway.register('/endpoints', { key: model, defaultTarget: `${model}-${first}`, ...endpoint });
  }

  async version(
    gateway: AdminClient,
    model: string,
    {
      version,
      bytes,
      ...fields
    }: { readonly version: string; readonly bytes: Uint8Array } & Record<string, unknown>,
  ): Promise<void> {
    const path = join(this.#directory, `${model}-${version}.onnx`);
    await writeFile(path, bytes);
    const artifacts = [pathToFileURL(path).href];
    await gateway.register(`/models/${model}/versions`, { version, ...refOf(bytes), artifacts, ...fields });
    const place = { kind: 'onnx', cloud: 'local', region: 'here' };
    await gateway.register('/targets', { key: `${model}-${version}`, model, version, ...place });
  }

  async remove(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }
}
