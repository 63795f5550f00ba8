import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { toleranceOf } from '../../experiments/analysis/guardrail.ts';
import { meanGuardrail } from '../../experiments/analysis/mean-guardrail.ts';
import { haltKey } from '../../experiments/halt.ts';
import type { RegisteredExperiment, Snapshot } from '../snapshot/snapshot.ts';
import { type GuardrailCounters, WATCHED, type Watched } from './guardrail-counters.ts';
import type { HaltVariant } from './halt-variant.ts';

/**
 * Chance that a gateway ever halts a variant of an experiment that does no harm, over all its guardrails, variants and
 * looks together. Far below the analysis's 5 %: several gateways watch, and what they are for is harm that is plain.
 */
const GATEWAY_ALPHA = 0.005;
/** Answers, over both variants, at which the test is the most sensitive. */
const TUNED_AT = 2_000;

export interface Breach {
  readonly experiment: string;
  readonly variant: string;
  readonly guardrail: Watched;
  readonly reason: string;
}

/** Every variant that is by now surely worse than the control by more than is tolerated. Pure. */
export function breaches(snapshot: Snapshot, counters: GuardrailCounters): Breach[] {
  return [...snapshot.experiments.values()]
    .filter(({ state }) => state === 'running')
    .flatMap((registered) => breachesOf(registered, snapshot, counters));
}

function breachesOf(
  { experiment }: RegisteredExperiment,
  { halts }: Snapshot,
  counters: GuardrailCounters,
): Breach[] {
  const [control, ...others] = experiment.variants;
  if (control === undefined) return [];
  const watched = others.filter(({ key, weight }) => weight > 0 && !halts.has(haltKey(experiment.key, key)));
  const alpha = GATEWAY_ALPHA / (WATCHED.length * Math.max(1, others.length));
  return watched.flatMap(({ key }) =>
    WATCHED.flatMap((guardrail) => {
      const [base, own] = [control.key, key].map((variant) =>
        counters.moments(experiment.key, variant, guardrail),
      );
      if (base == null || own == null) return [];
      const test = { control: base, variant: own, direction: 'decrease', tunedAt: TUNED_AT } as const;
      const reading = meanGuardrail(test, toleranceOf(guardrail), alpha);
      if (!reading.breached) return [];
      const format = guardrail === 'error-rate' ? percent : milliseconds;
      const reason = `${guardrail} is ${format(own.mean)} in ${key} and ${format(base.mean)} in ${control.key}, over ${own.n + base.n} answers of one gateway: more than is tolerated (always-valid p = ${reading.p.toExponential(1)}).`;
      return [{ experiment: experiment.key, variant: key, guardrail, reason }];
    }),
  );
}

const percent = (share: number) => `${(100 * share).toPrecision(3)} %`;
const milliseconds = (ms: number) => `${ms.toPrecision(3)} ms`;

export interface GuardrailWatchOptions {
  readonly counters: GuardrailCounters;
  readonly current: () => Snapshot | null;
  readonly halt: HaltVariant;
  readonly logger: Pick<Logger, 'warn' | 'error'>;
  readonly intervalMs: number;
}

/** Looks at this gateway's own counters all the time, and halts a variant that does harm, everywhere. */
export class GuardrailWatch {
  readonly #options: GuardrailWatchOptions;
  readonly #stopping = new AbortController();
  #looking: Promise<void> = Promise.resolve();
  /** As of the last look. */
  #halts: Snapshot['halts'] = new Map();

  constructor(options: GuardrailWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#looking = this.#lookUntilStopped();
  }

  /** Waits for the look under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#looking;
  }

  async #lookUntilStopped(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#look();
      // Rejects only when stopped.
      await sleep(this.#options.intervalMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    const { counters, current, halt, logger } = this.#options;
    const snapshot = current();
    if (snapshot === null) return;
    counters.keepOnly(new Set(snapshot.experiments.keys()));
    // Whoever lifts a halt knows what was counted until then: only what comes now may halt again.
    for (const [key, { experiment }] of this.#halts)
      if (!snapshot.halts.has(key)) counters.restart(experiment);
    this.#halts = snapshot.halts;
    for (const { experiment, variant, guardrail, reason } of breaches(snapshot, counters)) {
      try {
        const halted = await halt({ experiment, variant, guardrail, reason, source: 'gateway' });
        if (halted)
          logger.warn(
            { experiment, variant, guardrail, reason },
            'a guardrail is breached: the variant is halted',
          );
      } catch (error) {
        logger.error(
          { err: error, experiment, variant, guardrail },
          'a variant that breaches its guardrail could not be halted: tried again',
        );
      }
    }
  }
}
