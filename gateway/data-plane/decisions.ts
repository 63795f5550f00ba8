import type { IncomingHttpHeaders } from 'node:http';
import type { Counter } from 'prom-client';

/** What the gateway may decide on the way to an answer, beside asking the assigned target once. */
export type Decision =
  | 'retry'
  | 'retry-budget-spent'
  | 'hedge'
  | 'hedge-answered'
  | 'circuit-open'
  | 'shed'
  | 'failed'
  | 'twin'
  | 'default-target'
  | 'last-resort';

/** One request's decisions in their order, each counted, for whoever asks to be told. */
export class Decisions {
  readonly #counter: Counter<'target' | 'decision'>;
  readonly #made: string[] = [];

  constructor(counter: Counter<'target' | 'decision'>) {
    this.#counter = counter;
  }

  add(decision: Decision, target: string, why?: string): void {
    this.#counter.inc({ target, decision });
    this.#made.push(why === undefined ? `${decision};${target}` : `${decision};${target};${why}`);
  }

  /** As `x-switchyard-decisions` has them: `failed;ranker-aws;timeout, twin;ranker-gcp`. */
  toString(): string {
    return this.#made.join(', ');
  }
}

/** `x-switchyard-debug: decisions` asks to be told what was decided on the way. */
export const wantsDecisions = (headers: IncomingHttpHeaders) => headers['x-switchyard-debug'] === 'decisions';
