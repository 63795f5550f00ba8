import type { Assignment } from '../../../experiments/assignment.ts';
import type { Target } from '../../../models/catalogue/target.ts';
import { type InferBody, jsonOf } from '../../../models/codecs/infer-body.ts';
import type { Shadow } from '../../catalogue/shadow.ts';
import type { RequestContext } from '../../http/request-context.ts';
import type { ShadowDifference } from '../../pipeline/invocation.ts';
import type { Spool } from '../../pipeline/spool.ts';
import type { CompiledEndpoint } from '../../snapshot/snapshot.ts';
import type { AttemptOutcome } from '../../targets/attempt-outcome.ts';
import { tracedCall } from '../../targets/attempt-span.ts';
import { Cancellation } from '../../targets/cancellation.ts';
import { costOf } from '../../targets/cost-of.ts';
import type { InferenceCall } from '../../targets/inference-call.ts';
import type { Targets } from '../../targets/targets.ts';
import type { Telemetry } from '../../telemetry/metrics.ts';
import { recordInvocation } from '../record-invocation.ts';
import { compareAnswers } from './compare-answers.ts';

/** Copies under way at a time in this process; what comes beyond is counted and let go. */
const MAX_UNDER_WAY = 64;
const TIMEOUT_MS = 10_000;
/** Both answers are kept of one in fifty, and of one in five that differ. */
const SAMPLED = 0.02;
const SAMPLED_IF_DIFFERENT = 0.2;
const MAX_SAMPLE_CHARS = 2_000;

/** A request that has its answer. */
export interface Answered {
  readonly context: RequestContext;
  readonly endpoint: CompiledEndpoint;
  readonly assignment: Assignment;
  readonly call: InferenceCall;
  readonly answer: InferBody;
}

export interface ShadowsOptions {
  readonly targets: Targets;
  readonly spool: Spool;
  readonly telemetry: Telemetry;
}

/**
 * Copies answered requests to the shadow targets of their endpoint and compares the answers. A copy leaves after the
 * client's answer, outside of every breaker and limit that the client's requests depend on; nobody waits for it, and
 * it exposes nobody to anything.
 */
export class Shadows {
  readonly #options: ShadowsOptions;
  readonly #underWay = new Set<Promise<void>>();
  readonly #stopping = new Cancellation();

  constructor(options: ShadowsOptions) {
    this.#options = options;
  }

  mirror(answered: Answered): void {
    const { shadows } = answered.endpoint.endpoint;
    if (shadows === undefined) return;
    for (const shadow of shadows) {
      if (isMeant(shadow, answered.assignment) && Math.random() * 10_000 < shadow.sampleBp)
        this.#start(shadow, answered);
    }
  }

  /** Gives up what is under way. */
  async stop(): Promise<void> {
    this.#stopping.cancel('superseded');
    await Promise.all(this.#underWay);
  }

  #start(shadow: Shadow, answered: Answered): void {
    const target = answered.endpoint.targets.get(shadow.target)?.target;
    if (target === undefined) return;
    if (this.#underWay.size >= MAX_UNDER_WAY) {
      this.#count(answered, target, 'dropped');
      return;
    }
    // The client's answer goes first.
    const { promise: later, resolve } = Promise.withResolvers<void>();
    setImmediate(resolve);
    const done = later
      .then(() => this.#ask(target, shadow, answered))
      .finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
  }

  async #ask(target: Target, { tolerance }: Shadow, answered: Answered): Promise<void> {
    const { targets, spool, telemetry } = this.#options;
    const call = { ...answered.call, cancellation: this.#stopping };
    const startedMs = performance.now();
    const outcome = await tracedCall(call, target, {
      as: 'shadow',
      ask: (own) => targets.askAside(target, own, TIMEOUT_MS),
    });
    const latencyMs = performance.now() - startedMs;
    telemetry.shadowSeconds.observe({ target: target.key }, latencyMs / 1_000);
    const shadow = differenceOf(answered.answer, outcome, tolerance);
    this.#count(answered, target, shadow.difference ?? outcome.kind);
    const failure = outcome.kind === 'failed' ? outcome.failure : null;
    recordInvocation(spool, answered.context, {
      endpoint: answered.endpoint.endpoint.key,
      assignment: answered.assignment,
      target,
      call: 'shadow',
      outcome: outcome.kind,
      status: null,
      error: failure,
      latencyMs,
      cost: costOf(target, failure),
      shadow,
    });
  }

  #count({ endpoint }: Answered, target: Target, outcome: string): void {
    this.#options.telemetry.shadows.inc({ endpoint: endpoint.endpoint.key, target: target.key, outcome });
  }
}

function isMeant({ experiment }: Shadow, assignment: Assignment): boolean {
  if (experiment === undefined) return true;
  return assignment.kind === 'enrolled' && assignment.experiment === experiment;
}

function differenceOf(answer: InferBody, outcome: AttemptOutcome, tolerance: number): ShadowDifference {
  if (outcome.kind !== 'answered') return { distance: null, overlap: null, difference: null, sample: null };
  const comparison = compareAnswers(answer, outcome.body, tolerance);
  const equal = comparison.difference === 'none' || comparison.difference === 'within-tolerance';
  const sampled = Math.random() < (equal ? SAMPLED : SAMPLED_IF_DIFFERENT);
  return { ...comparison, sample: sampled ? sampleOf(answer, outcome.body) : null };
}

/** The beginnings of both answers, side by side. */
function sampleOf(client: InferBody, shadow: InferBody): string {
  const half = MAX_SAMPLE_CHARS / 2 - 10;
  const excerpt = (answer: InferBody) => jsonOf(answer).subarray(0, half).toString('utf8').slice(0, half);
  return `client: ${excerpt(client)}\nshadow: ${excerpt(shadow)}`;
}
