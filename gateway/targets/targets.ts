import { Agent } from 'undici';
import type { Target } from '../../models/catalogue/target.ts';
import type { InferBody } from '../../models/codecs/infer-body.ts';
import type { Telemetry } from '../telemetry/metrics.ts';
import {
  askOpenInference,
  type OpenInferenceModel,
  openInferenceModel,
  readModelMetadata,
} from './ask-open-inference.ts';
import { type AttemptOutcome, attemptFailed, timeIsUp } from './attempt-outcome.ts';
import { TargetBreakers } from './target-breakers.ts';

/** What is to be asked, for any target of the plan. */
export interface InferenceCall {
  readonly body: InferBody;
  readonly requestId: string;
  /** W3C trace context, passed on as it came. */
  readonly traceparent: string | null;
  readonly tracestate: string | null;
  /** Aborts when the client goes away. */
  readonly clientGone: AbortSignal;
}

/** Runs models in this process, for targets of kind `onnx`. */
export interface InProcessModels {
  infer(
    target: Target & { readonly kind: 'onnx' },
    body: InferBody,
    options: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<AttemptOutcome>;
  /** The model's metadata as the Open Inference Protocol words it; null while it is not ready. */
  metadata(target: Target & { readonly kind: 'onnx' }): Promise<Record<string, unknown> | null>;
}

export interface TargetsOptions {
  readonly secrets: ReadonlyMap<string, string>;
  readonly inProcess: InProcessModels;
  readonly telemetry: Telemetry;
}

const MAX_ANSWER_BYTES = 67_108_864;
const METADATA_TIMEOUT_MS = 2_000;

/** Every way of asking a target, behind one call: connections, secrets, time limits and breakers. */
export class Targets {
  readonly breakers = new TargetBreakers();
  readonly #options: TargetsOptions;
  readonly #agent = new Agent({
    connections: 256,
    pipelining: 1,
    keepAliveTimeout: 30_000,
    connect: { timeout: 2_000 },
    maxResponseSize: MAX_ANSWER_BYTES,
    // The attempt's own signal is the only clock.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  /** Made once per target object; a new snapshot brings new objects. */
  readonly #models = new WeakMap<Target, OpenInferenceModel>();

  constructor(options: TargetsOptions) {
    this.#options = options;
  }

  /** One attempt within its time. `force` passes the breaker by: used when every target's is open. */
  async attempt(
    target: Target,
    call: InferenceCall,
    options: { readonly timeoutMs: number; readonly force: boolean },
  ): Promise<AttemptOutcome> {
    const outcome =
      options.force || this.breakers.admit(target.key)
        ? await this.#within(options.timeoutMs, call.clientGone, (signal) =>
            this.#ask(target, call, { ...options, signal }),
          )
        : attemptFailed('circuit-open', 'it failed repeatedly and is left alone for a second');
    if (outcome.kind === 'answered' || outcome.kind === 'rejected') this.breakers.report(target.key, true);
    else if (outcome.kind === 'failed' && outcome.failure !== 'circuit-open')
      this.breakers.report(target.key, false);
    this.#options.telemetry.attempts.inc({
      target: target.key,
      outcome: outcome.kind === 'failed' ? outcome.failure : outcome.kind,
    });
    return outcome;
  }

  /** Metadata of the model behind a target; null when the target does not give any in time. */
  async metadata(target: Target, requestId: string): Promise<Record<string, unknown> | null> {
    if (target.kind === 'http') return null;
    if (target.kind === 'onnx') return this.#options.inProcess.metadata(target);
    const bearer = this.bearerOf(target);
    return readModelMetadata(this.#agent, this.#modelOf(target), {
      headers: {
        'x-request-id': requestId,
        ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
      },
      signal: AbortSignal.timeout(METADATA_TIMEOUT_MS),
    });
  }

  /** The bearer token that a target expects, if it expects one. */
  bearerOf(target: Target): string | null {
    if (target.kind === 'onnx' || target.apiKeyEnv === undefined) return null;
    return this.#options.secrets.get(target.apiKeyEnv) ?? null;
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }

  async #within(
    timeoutMs: number,
    clientGone: AbortSignal,
    ask: (signal: AbortSignal) => Promise<AttemptOutcome>,
  ): Promise<AttemptOutcome> {
    if (clientGone.aborted) return { kind: 'abandoned' };
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(timeIsUp()), timeoutMs);
    const leave = () => controller.abort();
    clientGone.addEventListener('abort', leave, { once: true });
    try {
      return await ask(controller.signal);
    } finally {
      clearTimeout(timer);
      clientGone.removeEventListener('abort', leave);
    }
  }

  async #ask(
    target: Target,
    call: InferenceCall,
    { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<AttemptOutcome> {
    switch (target.kind) {
      case 'onnx':
        return this.#options.inProcess.infer(target, call.body, { signal, timeoutMs });
      case 'oip':
        return askOpenInference(this.#agent, this.#modelOf(target), {
          body: call.body,
          headers: this.#headers(target, call, timeoutMs),
          signal,
        });
      case 'http':
        return attemptFailed('failed', 'a target of kind http is reached through /v1/proxy');
    }
  }

  #modelOf(target: Target & { readonly kind: 'oip' }): OpenInferenceModel {
    const known = this.#models.get(target);
    if (known !== undefined) return known;
    const made = openInferenceModel(target.url, target.model, target.version);
    this.#models.set(target, made);
    return made;
  }

  #headers(target: Target, call: InferenceCall, timeoutMs: number): Record<string, string> {
    const bearer = this.bearerOf(target);
    return {
      'content-type': 'application/json',
      'x-request-id': call.requestId,
      'x-request-timeout-ms': String(Math.ceil(timeoutMs)),
      ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
      ...(call.traceparent === null ? {} : { traceparent: call.traceparent }),
      ...(call.tracestate === null ? {} : { tracestate: call.tracestate }),
    };
  }
}
