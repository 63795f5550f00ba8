import type { Signature, Tensor } from '../codecs/tensor.ts';
import type { ModelFailure } from './model-error.ts';

/** What the pool asks of a worker thread; `key` names a model version within the pool. */
export type WorkerTask =
  | { readonly kind: 'load'; readonly key: string; readonly path: string; readonly signature: Signature }
  | { readonly kind: 'unload'; readonly key: string }
  | {
      readonly kind: 'run';
      readonly key: string;
      readonly inputs: readonly Tensor[];
      readonly outputs: readonly string[];
    };

/** Answers come in the order of the tasks, one for each. */
export type WorkerReply =
  | { readonly ok: true; readonly outputs: readonly Tensor[] }
  | { readonly ok: false; readonly failure: ModelFailure };
