import type { Logger } from 'pino';
import type { MetricResult } from '../../experiments/analysis/metric-result.ts';
import { haltKey, haltSchema } from '../../experiments/halt.ts';
import type { ConfigurationStore } from '../../experiments/store/configuration-store.ts';
import type { RegisteredExperiment, Snapshot } from '../snapshot/snapshot.ts';
import type { HaltVariant } from './halt-variant.ts';
import { type LakeBreach, lakeBreaches } from './lake-breaches.ts';

/** What the lake says of an experiment, as far as guardrails go by it. */
interface Measured {
  readonly metrics: readonly MetricResult[];
}

export interface LakeHaltOptions {
  readonly halt: HaltVariant;
  readonly store: Pick<ConfigurationStore, 'audit'>;
  readonly logger: Pick<Logger, 'warn' | 'error'>;
}

export interface LakeGuardrailOptions extends LakeHaltOptions {
  readonly current: () => Snapshot | null;
  /** How an experiment stands by the lake; throws when it cannot be told now. */
  readonly resultsOf: (experiment: RegisteredExperiment) => Promise<Measured>;
}

/** One look at every running experiment by the lake, which has every gateway's records. Ends early when `signal` aborts. */
export async function guardByLake(options: LakeGuardrailOptions, signal: AbortSignal): Promise<void> {
  const running = [...(options.current()?.experiments.values() ?? [])].filter(
    ({ state }) => state === 'running',
  );
  for (const registered of running) {
    if (signal.aborted) return;
    try {
      await haltBreached(registered, await options.resultsOf(registered), options);
    } catch (error) {
      options.logger.error(
        { err: error, experiment: registered.experiment.key },
        'the guardrails could not look at the lake: tried again',
      );
    }
  }
}

/** Halts every variant that breaches a guardrail by these results; the names of those that were not halted yet. */
export async function haltBreached(
  registered: RegisteredExperiment,
  { metrics }: Measured,
  { halt, store, logger }: LakeHaltOptions,
): Promise<string[]> {
  const experiment = registered.experiment.key;
  const halted: string[] = [];
  for (const breach of lakeBreaches(metrics)) {
    if (await wasLifted(registered, breach, store)) continue;
    if (!(await halt({ experiment, ...breach, source: 'lake' }))) continue;
    logger.warn({ experiment, ...breach }, 'a guardrail is breached: the variant is halted');
    halted.push(breach.variant);
  }
  return halted;
}

/** Halts of one variant that are looked back at; nobody lifts more. */
const MOST_HALTS = 100;

/**
 * Whether somebody has lifted a halt by the same guardrail since the experiment began. The lake never forgets: halting
 * again what a person has looked at and let go on would make the halt impossible to lift.
 */
async function wasLifted(
  { experiment, status }: RegisteredExperiment,
  { variant, guardrail }: LakeBreach,
  store: Pick<ConfigurationStore, 'audit'>,
): Promise<boolean> {
  const key = haltKey(experiment.key, variant);
  const entries = await store.audit({ kind: 'halts', key, limit: MOST_HALTS });
  return entries.some(
    ({ before, after, at }) =>
      before !== null &&
      after === null &&
      at >= (status.startedAt ?? '') &&
      haltSchema.parse(before).guardrail === guardrail,
  );
}
