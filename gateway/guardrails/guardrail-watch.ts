import type { Logger } from 'pino';
import { haltKey } from '../../experiments/halt.ts';
import type { RegisteredExperiment, Snapshot } from '../snapshot/snapshot.ts';
import type { GuardrailCounters } from './guardrail-counters.ts';
import type { HaltVariant } from './halt-variant.ts';
import { type Harm, harmOf } from './harm-of.ts';
import { keepLooking, type Looking } from './keep-looking.ts';

export interface Breach extends Harm {
  readonly experiment: string;
  readonly variant: string;
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
  const compared = { experiment: experiment.key, control: control.key, tests: others.length };
  return watched.flatMap(({ key }) =>
    harmOf(counters, { ...compared, variant: key }).map((harm) => ({
      experiment: experiment.key,
      variant: key,
      ...harm,
    })),
  );
}

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
  #looking: Looking | null = null;
  /** As of the last look. */
  #halts: Snapshot['halts'] = new Map();

  constructor(options: GuardrailWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#looking = keepLooking(() => this.#look(), this.#options.intervalMs);
  }

  /** Waits for the look under way. */
  async stop(): Promise<void> {
    await this.#looking?.stop();
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
