import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { ArtifactCache } from '../../models/artifacts/artifact-cache.ts';
import { openObjectStore } from '../../models/artifacts/open-object-store.ts';
import type { TrustedSigners } from '../../models/artifacts/trusted-signers.ts';
import type { Target } from '../../models/catalogue/target.ts';
import type { InferBody } from '../../models/codecs/infer-body.ts';
import { errorBody } from '../../models/codecs/input-problem.ts';
import { modelMetadata } from '../../models/codecs/model-metadata.ts';
import { decodeInferRequest } from '../../models/codecs/open-inference.ts';
import { queueingParameters } from '../../models/codecs/queueing-parameters.ts';
import { validateAgainstSignature } from '../../models/codecs/validate-against-signature.ts';
import { encodeInferResponse } from '../../models/codecs/write-open-inference.ts';
import { ModelError } from '../../models/onnx/model-error.ts';
import { ModelHost } from '../../models/onnx/model-host.ts';
import { OnnxPool } from '../../models/onnx/onnx-pool.ts';
import type { OwnRun } from '../../models/onnx/pool-infer-request.ts';
import { RunMetrics } from '../../models/onnx/run-metrics.ts';
import { traceRun } from '../../models/onnx/trace-run.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { type AttemptOutcome, attemptFailed, endedBy } from './attempt-outcome.ts';
import type { Cancellation } from './cancellation.ts';
import type { InProcessModels, InProcessOptions } from './targets.ts';

type OnnxTarget = Target & { readonly kind: 'onnx' };

/** Most models are admitted in a second or two; who asks for metadata is told to come back after this. */
const METADATA_PATIENCE_MS = 5_000;

export interface OnnxTargetsOptions {
  readonly workers: number;
  readonly memoryBytes: number;
  readonly signers: TrustedSigners;
  readonly cacheDirectory: string;
  readonly logger: Logger;
  readonly registry: Registry;
}

interface Runtime {
  readonly host: ModelHost;
  readonly pool: OnnxPool;
}

/** Models of targets of kind `onnx`, run in this process's worker threads; none are started before one is needed. */
export class OnnxTargets implements InProcessModels {
  readonly #options: OnnxTargetsOptions;
  /** By `model/version`: resolved once its loading has come to an end, good or bad. */
  readonly #settled = new Map<string, Promise<void>>();
  readonly #runs: RunMetrics;
  #runtime: Runtime | null = null;
  #wanted: ReadonlyMap<string, { readonly model: string; readonly version: string }> = new Map();

  constructor(options: OnnxTargetsOptions) {
    this.#options = options;
    this.#runs = new RunMetrics(options.registry);
  }

  /** Loads what a new configuration needs and lets go of what it no longer does. Failures are logged, and kept as states. */
  reconcile(snapshot: Snapshot): void {
    const wanted = new Map<string, { readonly model: string; readonly version: string }>();
    for (const target of snapshot.servedTargets) {
      if (target.kind === 'onnx') wanted.set(`${target.model}/${target.version}`, target);
    }
    const { logger } = this.#options;
    for (const [key, { model, version }] of this.#wanted) {
      if (wanted.has(key) || this.#runtime === null) continue;
      this.#runtime.host
        .withdraw(model, version)
        .then(() => this.#runs.forget(model, version))
        .catch((error) => logger.error({ err: error, model, version }, 'a model could not be withdrawn'));
    }
    this.#wanted = wanted;
    for (const [key, { model, version }] of wanted) {
      const registered = snapshot.versions.get(key);
      if (registered === undefined) continue;
      const settled = this.#start()
        .host.serve({ ...registered, model, version })
        .catch((error) => logger.error({ err: error, model, version }, 'a model could not be loaded'));
      this.#settled.set(key, settled);
    }
    for (const key of this.#settled.keys()) if (!wanted.has(key)) this.#settled.delete(key);
  }

  async infer(
    target: OnnxTarget,
    body: InferBody,
    { cancellation, span, aside }: InProcessOptions,
  ): Promise<AttemptOutcome> {
    const { model, version } = target;
    if (this.#runtime?.host.state(model, version)?.status === 'loading') {
      await this.#loaded(`${model}/${version}`, cancellation.signal());
    }
    if (cancellation.reason !== null) return endedBy(cancellation);
    const state = this.#runtime?.host.state(model, version);
    if (this.#runtime === null || state?.status !== 'ready') {
      return attemptFailed('overloaded', `${model}/${version} is ${state?.status ?? 'unknown'} here`, true);
    }
    const request = decodeInferRequest(body);
    if (!request.ok) return { kind: 'rejected', message: errorBody(request.problems).error };
    const problems = validateAgainstSignature(request.value, state.signature);
    if (problems.length > 0) return { kind: 'rejected', message: errorBody(problems).error };
    const { id, inputs, outputs, binaryOutputs } = request.value;
    try {
      const produced = await this.#runtime.host.infer({
        ...queueingParameters(request.value),
        model,
        version,
        inputs,
        outputs,
        get signal() {
          return cancellation.signal();
        },
        background: aside,
        ...(span === null ? {} : { onRun: (run: OwnRun) => traceRun(span, run) }),
      });
      const answer = encodeInferResponse(
        { modelName: model, modelVersion: version, ...(id === undefined ? {} : { id }), outputs: produced },
        binaryOutputs,
      );
      return answer.ok
        ? { kind: 'answered', body: answer.value }
        : attemptFailed('bad-answer', errorBody(answer.problems).error);
    } catch (error) {
      return asOutcome(error, cancellation);
    }
  }

  /** Waits for a model that is being loaded, as an inference does: who has just registered one asks at once. */
  async metadata({ model, version }: OnnxTarget): Promise<Record<string, unknown> | null> {
    if (this.#runtime?.host.state(model, version)?.status === 'loading') {
      await this.#loaded(`${model}/${version}`, AbortSignal.timeout(METADATA_PATIENCE_MS));
    }
    const state = this.#runtime?.host.state(model, version);
    return state?.status === 'ready'
      ? modelMetadata({ name: model, versions: [version], signature: state.signature })
      : null;
  }

  async close(): Promise<void> {
    await this.#runtime?.host.close();
    await this.#runtime?.pool.close();
  }

  /** A model that was just registered is worth the attempt's time: resolves when it is ready, failed, or time is up. */
  async #loaded(key: string, signal: AbortSignal): Promise<void> {
    const settled = this.#settled.get(key);
    if (settled === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = () => resolve();
    signal.addEventListener('abort', stop, { once: true });
    await Promise.race([settled, promise]);
    signal.removeEventListener('abort', stop);
  }

  #start(): Runtime {
    if (this.#runtime !== null) return this.#runtime;
    const { workers, memoryBytes, signers, cacheDirectory, logger } = this.#options;
    const pool = new OnnxPool({
      workers,
      onRun: (run) => this.#runs.observe(run),
      onWorkerDeath: (error) => logger.error({ err: error }, 'a model thread ended and is replaced'),
    });
    const cache = new ArtifactCache({ directory: cacheDirectory, openStore: openObjectStore });
    this.#runtime = { pool, host: new ModelHost({ cache, pool, memoryBytes, signers }) };
    return this.#runtime;
  }
}

/** Whose fault a failed inference is. */
function asOutcome(error: unknown, cancellation: Cancellation): AttemptOutcome {
  if (!(error instanceof ModelError))
    return attemptFailed('failed', error instanceof Error ? error.message : String(error));
  switch (error.code) {
    case 'bad-input':
      return { kind: 'rejected', message: error.message };
    case 'cancelled':
    case 'deadline':
      return endedBy(cancellation);
    case 'overloaded':
    case 'unknown-model':
      return attemptFailed('overloaded', error.message, true);
    default:
      return attemptFailed('failed', error.message);
  }
}
