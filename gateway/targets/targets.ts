import type { Dispatcher } from 'undici';
import type { Target } from '../../models/catalogue/target.ts';
import type { InferBody } from '../../models/codecs/infer-body.ts';
import { exemplarOf } from '../../models/tracing/exemplar-of.ts';
import type { TracedSpan } from '../../models/tracing/traced-span.ts';
import type { Telemetry } from '../telemetry/metrics.ts';
import {
  type AttemptEnd,
  type AttemptFailed,
  type AttemptOutcome,
  attemptFailed,
} from './attempt-outcome.ts';
import { Cancellation } from './cancellation.ts';
import { ConcurrencyLimit } from './concurrency-limit.ts';
import type { CredentialHeaders, TargetCredentials } from './credentials/target-credentials.ts';
import type { InferenceCall } from './inference-call.ts';
import { LatencyWindow } from './latency-window.ts';
import { PerTarget } from './per-target.ts';
import { type AskOptions, RemoteModels } from './remote-models.ts';
import { RetryBudget } from './retry-budget.ts';
import { type SageMakerTarget, type StreamRequest, sageMakerStream } from './sagemaker-stream.ts';
import { TargetAgents } from './target-agents.ts';
import { TargetBreakers } from './target-breakers.ts';

export interface InProcessOptions {
  readonly cancellation: Cancellation;
  readonly timeoutMs: number;
  /** Of the attempt, where traces are kept. */
  readonly span: TracedSpan | null;
  /** Nobody waits for it. */
  readonly aside: boolean;
}

/** Runs models in this process, for targets of kind `onnx`. */
export interface InProcessModels {
  infer(
    target: Target & { readonly kind: 'onnx' },
    body: InferBody,
    options: InProcessOptions,
  ): Promise<AttemptOutcome>;
  /** The model's metadata as the Open Inference Protocol words it; null while it is not ready. */
  metadata(target: Target & { readonly kind: 'onnx' }): Promise<Record<string, unknown> | null>;
}

export interface TargetsOptions {
  readonly credentials: TargetCredentials;
  /** The environment's `SWITCHYARD_TARGET_…` by name. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly inProcess: InProcessModels;
  readonly telemetry: Telemetry;
}

const METADATA_TIMEOUT_MS = 2_000;
/** A stream that says nothing for this long has died. */
const SILENT_MS = 120_000;

interface TargetLoad {
  readonly limit: ConcurrencyLimit;
  readonly latencies: LatencyWindow;
  readonly retries: RetryBudget;
}

interface AttemptOptions {
  readonly timeoutMs: number;
  /** Passes the breaker by: used when every target's is open. */
  readonly force: boolean;
  /** Instead of the call's own: for an attempt that may be superseded by another. */
  readonly cancellation?: Cancellation;
}

const CIRCUIT_OPEN = attemptFailed('circuit-open', 'it failed repeatedly and is left alone for now');
const NOT_ASKED_HERE = attemptFailed('failed', 'a target of kind http is reached through /v1/proxy');
const SHED = attemptFailed('shed', 'it has as much to do as it can', true);

/** Every way of asking a target, behind one call: connections, secrets, time limits, breakers and load. */
export class Targets {
  readonly breakers = new TargetBreakers();
  readonly load = new PerTarget<TargetLoad>(() => ({
    limit: new ConcurrencyLimit(),
    latencies: new LatencyWindow(),
    retries: new RetryBudget(),
  }));
  /** Connections of what is passed through as it comes. */
  readonly streams: TargetAgents;
  readonly #options: TargetsOptions;
  readonly #remote: RemoteModels;

  constructor(options: TargetsOptions) {
    this.#options = options;
    this.#remote = new RemoteModels(options.credentials, options.secrets);
    this.streams = new TargetAgents(() => options.secrets, { bodyTimeout: SILENT_MS });
  }

  /** One attempt within its time. Never throws for what the target does. */
  async attempt(target: Target, call: InferenceCall, options: AttemptOptions): Promise<AttemptOutcome> {
    const { timeoutMs, force, cancellation: parent = call.cancellation } = options;
    const refused = this.admit(target, { force });
    if (refused !== null) return refused;
    const startedMs = performance.now();
    const outcome = await this.#within(timeoutMs, parent, (cancellation) =>
      this.#ask(target, call, { timeoutMs, cancellation }),
    );
    const latencyMs = performance.now() - startedMs;
    this.settle(target, outcome, { latencyMs, span: call.span });
    return outcome;
  }

  /** Takes leave to ask a target; `force` passes its breaker by. Null is leave, which is given back through `settle`. */
  admit({ key, kind }: Target, { force }: Pick<AttemptOptions, 'force'>): AttemptFailed | null {
    if (!force && !this.breakers.admit(key)) return this.#refused(key, CIRCUIT_OPEN);
    // Models in this process queue for themselves, and batch what has queued.
    if (kind === 'onnx' || this.load.of(key).limit.take()) return null;
    if (!force) this.breakers.giveBack(key);
    return this.#refused(key, SHED);
  }

  /** Says how an attempt went that had leave: the breaker, the limit and the metrics learn from it. */
  settle(
    { key, kind, cloud }: Target,
    end: AttemptEnd,
    { latencyMs, span }: { readonly latencyMs: number; readonly span: TracedSpan | null },
  ): void {
    const { limit, latencies } = this.load.of(key);
    const { telemetry } = this.#options;
    telemetry.attemptSeconds.observe({
      labels: { target: key, cloud },
      value: latencyMs / 1_000,
      exemplarLabels: exemplarOf(span),
    });
    telemetry.attempts.inc({ target: key, outcome: end.kind === 'failed' ? end.failure : end.kind });
    if (end.kind === 'answered') latencies.add(latencyMs);
    if (kind !== 'onnx') limit.release(lessonOf(end, latencyMs));
    if (end.kind !== 'abandoned') this.breakers.report(key, end.kind !== 'failed');
  }

  #refused(target: string, refusal: AttemptFailed): AttemptFailed {
    this.#options.telemetry.attempts.inc({ target, outcome: refusal.failure });
    return refusal;
  }

  /** Asks a target beside everything: no breaker, limit or budget hears of it. */
  askAside(target: Target, call: InferenceCall, timeoutMs: number): Promise<AttemptOutcome> {
    return this.#within(timeoutMs, call.cancellation, (cancellation) =>
      this.#ask(target, call, { timeoutMs, cancellation, aside: true }),
    );
  }

  /** Metadata of the model behind a target; null when the target does not give any in time, two seconds at most. */
  async metadata(
    target: Target,
    requestId: string,
    timeoutMs = METADATA_TIMEOUT_MS,
  ): Promise<Record<string, unknown> | null> {
    if (target.kind === 'http') return null;
    if (target.kind === 'onnx') return this.#options.inProcess.metadata(target);
    return this.#within(Math.min(timeoutMs, METADATA_TIMEOUT_MS), new Cancellation(), (cancellation) =>
      this.#remote.metadata(target, requestId, cancellation),
    );
  }

  /** The credential that a plain host expects, as headers: at once, or when a cloud has given it. */
  credentialsOf(target: Target): CredentialHeaders | Promise<CredentialHeaders> {
    return this.#options.credentials.headersFor(target);
  }

  /** The answer of a SageMaker endpoint as a stream; see `sageMakerStream`. */
  sageMakerStream(target: SageMakerTarget, request: StreamRequest): Promise<Dispatcher.ResponseData> {
    const { aws } = this.#options.credentials;
    return sageMakerStream(target, request, { aws, dispatcher: this.streams.of(target) });
  }

  /**
   * Takes up a new configuration: forgets what is gone, and asks the clouds for what its targets will need, so that
   * no request waits for the first token.
   */
  reconcile(targets: ReadonlyMap<string, Target>): void {
    this.breakers.keepOnly(targets);
    this.load.keepOnly(targets);
    for (const target of targets.values()) this.#options.credentials.prepare(target);
  }

  /** The environment's `SWITCHYARD_TARGET_…` by name. */
  get secrets(): ReadonlyMap<string, string> {
    return this.#options.secrets;
  }

  async close(): Promise<void> {
    await Promise.all([this.#remote.close(), this.streams.close()]);
  }

  /** Runs work that is cancelled with what it is for, and when its own time is up. */
  async #within<T>(
    timeoutMs: number,
    parent: Cancellation,
    work: (cancellation: Cancellation) => Promise<T>,
  ): Promise<T> {
    const cancellation = new Cancellation();
    const timer = setTimeout(() => cancellation.cancel('out-of-time'), timeoutMs);
    const stopListening = parent.onCancel((reason) => cancellation.cancel(reason));
    try {
      return await work(cancellation);
    } finally {
      clearTimeout(timer);
      stopListening();
    }
  }

  #ask(
    target: Target,
    call: InferenceCall,
    { cancellation, timeoutMs, aside = false }: AskOptions & { readonly aside?: boolean },
  ): Promise<AttemptOutcome> {
    switch (target.kind) {
      case 'onnx':
        return this.#options.inProcess.infer(target, call.body, {
          cancellation,
          timeoutMs,
          span: call.span,
          aside,
        });
      case 'http':
        return Promise.resolve(NOT_ASKED_HERE);
      default:
        return this.#remote.ask(target, call, { cancellation, timeoutMs });
    }
  }
}

/** What an attempt says about how much its target can do at a time. */
function lessonOf(
  outcome: AttemptEnd,
  latencyMs: number,
): { readonly latencyMs: number } | 'overloaded' | null {
  if (outcome.kind === 'answered' || outcome.kind === 'rejected') return { latencyMs };
  const tooMuch =
    outcome.kind === 'failed' && (outcome.failure === 'overloaded' || outcome.failure === 'timeout');
  return tooMuch ? 'overloaded' : null;
}
