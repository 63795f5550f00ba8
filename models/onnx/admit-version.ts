import type { ArtifactCache, ArtifactRef } from '../artifacts/artifact-cache.ts';
import { distrust, type TrustedSigners } from '../artifacts/trusted-signers.ts';
import { type Attestation, decodeExample, type ModelVersion, type Serving } from '../catalogue/model.ts';
import { errorBody } from '../codecs/input-problem.ts';
import type { Signature, Tensor, TensorSpec } from '../codecs/tensor.ts';
import { ModelError } from './model-error.ts';
import type { ModelProfile } from './model-profile.ts';
import { type CanaryLimits, runCanary } from './run-canary.ts';

/** A model version, where the bytes of it lie, and what its registration says of it. */
export interface ServedVersion extends ArtifactRef {
  readonly model: string;
  readonly version: string;
  readonly signature?: ModelVersion['signature'];
  readonly example?: ModelVersion['example'];
  readonly attestation?: Attestation | undefined;
  readonly serving?: Serving | undefined;
}

export interface AdmissionOptions {
  readonly cache: ArtifactCache;
  readonly canary: CanaryLimits;
  readonly signers: TrustedSigners;
  readonly signal: AbortSignal;
}

/** A version that may be loaded. */
export interface Admitted {
  readonly path: string;
  readonly profile: ModelProfile;
  readonly example: readonly Tensor[] | undefined;
}

/**
 * Everything between a registration and a load, in order: the signature of who vouches for it, the verified bytes,
 * a process of its own that inspects, loads and runs them, and the inputs and outputs that were promised. Throws
 * ModelError and ArtifactError.
 */
export async function admitVersion(version: ServedVersion, options: AdmissionOptions): Promise<Admitted> {
  const { cache, canary, signers, signal } = options;
  const objection = distrust(version, signers);
  if (objection !== null)
    throw new ModelError('untrusted', `${version.model}/${version.version}: ${objection}`);
  const example = exampleOf(version);
  const path = await cache.fetch(version, { signal });
  const profile = await runCanary({ path, example }, canary, signal);
  refuseOtherSignature(version, profile.signature);
  return { path, profile, example };
}

function exampleOf({ example }: ServedVersion): readonly Tensor[] | undefined {
  if (example === undefined) return undefined;
  const decoded = decodeExample(example);
  if (decoded.ok) return decoded.value.inputs;
  throw new ModelError('bad-input', `its example cannot be run: ${errorBody(decoded.problems).error}`);
}

function refuseOtherSignature({ signature }: ServedVersion, found: Signature): void {
  if (signature === undefined) return;
  for (const side of ['inputs', 'outputs'] as const) {
    const [promised, actual] = [signature[side].map(textOf).sort(), found[side].map(textOf).sort()];
    if (promised.join() === actual.join()) continue;
    const message = `its ${side} are ${actual.join(', ')}; it was registered with ${promised.join(', ')}`;
    throw new ModelError('signature-mismatch', message);
  }
}

const textOf = ({ name, datatype, shape }: TensorSpec) => `${JSON.stringify(name)} ${datatype} [${shape}]`;
