import type { Logger } from 'pino';
import { canaryIn, trialKey } from '../../models/catalogue/alias.ts';
import type { GuardrailCounters } from '../guardrails/guardrail-counters.ts';
import { harmOf } from '../guardrails/harm-of.ts';
import { keepLooking, type Looking } from '../guardrails/keep-looking.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { RollBack } from './roll-back.ts';

export interface CanaryWatchOptions {
  /** By trial, then version. */
  readonly trials: GuardrailCounters;
  readonly current: () => Snapshot | null;
  readonly rollBack: RollBack;
  readonly logger: Pick<Logger, 'warn' | 'error'>;
  readonly intervalMs: number;
}

/**
 * Compares the versions that aliases try with those they are to replace, by this gateway's own counters, and takes one
 * back that does harm, everywhere: as guardrails watch the variants of experiments.
 */
export function watchCanaries(options: CanaryWatchOptions): Looking {
  return keepLooking(() => look(options), options.intervalMs);
}

async function look({ trials, current, rollBack, logger }: CanaryWatchOptions): Promise<void> {
  const snapshot = current();
  if (snapshot === null) return;
  const tried = [...snapshot.aliases].flatMap(([key, alias]) => {
    const versions = canaryIn(alias);
    return versions === null ? [] : [{ key, trial: trialKey(key, alias), ...versions }];
  });
  trials.keepOnly(new Set(tried.map(({ trial }) => trial)));
  for (const { key, trial, canary: version, stable } of tried) {
    const compared = { experiment: trial, control: stable, variant: version, tests: 1 };
    const [harm] = harmOf(trials, compared);
    if (harm === undefined) continue;
    const said = { alias: key, version, ...harm };
    try {
      if (await rollBack({ alias: key, version, reason: harm.reason }))
        logger.warn(said, 'a canary does harm: the stable version has its traffic');
    } catch (error) {
      logger.error({ err: error, ...said }, 'a canary that does harm could not be taken back: tried again');
    }
  }
}
