import type { Serving } from '../catalogue/model.ts';
import type { Tensor } from '../codecs/tensor.ts';
import type { ModelProfile } from './model-profile.ts';
import { ModelQueue } from './model-queue.ts';
import { syntheticInput } from './synthetic-input.ts';

export interface LoadRequest {
  readonly model: string;
  readonly version: string;
  /** A file that has been admitted by runCanary, and stays until the model is unloaded. */
  readonly path: string;
  /** What the canary found. */
  readonly profile: ModelProfile;
  readonly serving?: Serving | undefined;
  /** Inputs to warm up with; the smallest that fit, unless given. */
  readonly warmUp?: readonly Tensor[] | undefined;
}

const DEFAULT_QUEUE_LIMIT = 1_024;
const DEFAULT_BATCH_ROWS = 64;

/** A model version in the pool, with those who wait for it. */
export interface LoadedModel {
  readonly model: string;
  readonly version: string;
  /** New for each load, so that a version that goes and comes back is not taken for its former self. */
  readonly key: string;
  readonly path: string;
  readonly profile: ModelProfile;
  readonly warmUp: readonly Tensor[];
  readonly queue: ModelQueue;
  /** Those who wait until nobody else does. */
  readonly background: ModelQueue;
  readonly queueLimit: number;
  readonly queueTimeoutMs: number | undefined;
  readonly weight: number;
  readonly jobs: Set<Promise<unknown>>;
}

/** `model/version`, as errors name it. */
export function nameOf({ model, version }: { readonly model: string; readonly version: string }): string {
  return `${model}/${version}`;
}

/** A model as the pool takes it; `load` counts the pool's loads. */
export function loadedModel(request: LoadRequest, load: number): LoadedModel {
  const { model, version, path, profile, serving = {}, warmUp } = request;
  const maxRows = serving.maxBatchSize ?? (profile.rows === 'independent' ? DEFAULT_BATCH_ROWS : 1);
  return {
    model,
    version,
    key: `${nameOf(request)}#${load}`,
    path,
    profile,
    warmUp: warmUp ?? profile.signature.inputs.map(syntheticInput),
    queue: new ModelQueue(maxRows),
    background: new ModelQueue(1),
    queueLimit: serving.queueLimit ?? DEFAULT_QUEUE_LIMIT,
    queueTimeoutMs: serving.queueTimeoutMs,
    weight: serving.priority ?? 1,
    jobs: new Set(),
  };
}
