import type { Tensor } from '../codecs/tensor.ts';
import type { ModelFailure } from './model-error.ts';
import type { RunRequest, RunResult } from './run-requests.ts';

/** What the pool asks of a worker thread; `key` names a model version within the pool. */
export type WorkerTask =
  | {
      readonly kind: 'load';
      readonly key: string;
      readonly path: string;
      /** Inputs of the first run, which allocates what later ones reuse. */
      readonly warmUp: readonly Tensor[];
    }
  | { readonly kind: 'unload'; readonly key: string }
  | { readonly kind: 'run'; readonly key: string; readonly requests: readonly RunRequest[] };

/** Answers come in the order of the tasks, one for each; those of a run have one result per request. */
export type WorkerReply =
  | { readonly ok: true; readonly results: readonly RunResult[] }
  | { readonly ok: false; readonly failure: ModelFailure };
