import type { MetricResult } from '../../experiments/analysis/metric-result.ts';
import { isBanditDue } from '../../experiments/bandit.ts';
import { dueStep, isRampDue } from '../../experiments/due-step.ts';
import { NO_REVIEW, strictest } from '../../experiments/environment.ts';
import { keptExperimentSchema, storedExperiment } from '../../experiments/kept-experiment.ts';
import {
  type ConfigurationNow,
  type ConfigurationWriter,
  findDocument,
} from '../control-plane/change-configuration.ts';
import { shippingChanges } from '../control-plane/ship-variant.ts';
import { Problem } from '../problems.ts';
import type { RegisteredExperiment, Snapshot } from '../snapshot/snapshot.ts';
import type { SnapshotSource } from '../snapshot/snapshot-source.ts';
import { anyBreached } from './read-guardrails.ts';

export interface AdvanceOptions {
  readonly writer: Pick<ConfigurationWriter, 'changeAll'>;
  readonly source: Pick<SnapshotSource, 'current'>;
  /** What the experiment has found so far; throws when nobody can tell now. */
  readonly metricsOf: (experiment: RegisteredExperiment) => Promise<readonly MetricResult[]>;
  readonly now: () => Date;
}

/** Acts for nobody: what the audit log has as the actor of steps that experiments take by themselves. */
const AUTOMATION_ACTOR = { name: 'automation', key: null, address: null };

/**
 * One round over all experiments: starts and stops by schedule, planned changes, steps of ramps, weights of bandits. Each step is
 * decided again on what is stored when it is committed, so a round that overlaps another, or a person, never
 * takes a step twice.
 */
export async function advanceExperiments(options: AdvanceOptions): Promise<void> {
  const snapshot = options.source.current?.snapshot;
  for (const registered of snapshot?.experiments.values() ?? []) {
    if (snapshot !== undefined) await advance(options, snapshot, registered);
  }
}

async function advance(
  { writer, metricsOf, now }: AdvanceOptions,
  snapshot: Snapshot,
  registered: RegisteredExperiment,
): Promise<void> {
  const { environment, key } = registered.experiment;
  const policy = snapshot.environments.get(environment) ?? NO_REVIEW;
  const everywhere = strictest(snapshot.environments.values());
  const circumstances = { now: now().toISOString(), policy, everywhere };
  const asks = isRampDue(registered, circumstances) || isBanditDue(registered, circumstances.now);
  const rewards = asks ? await metricsOf(registered) : null;
  const found = { ...circumstances, rewards, breached: rewards && anyBreached(rewards) };
  const due = dueStep(registered, found);
  if (due === null) return;
  const decide = ({ documents }: ConfigurationNow) => {
    const current = findDocument(documents, 'experiments', key);
    const before = current && keptExperimentSchema.parse(current.value);
    const step = before && dueStep(before, found);
    if (before === null || step?.action !== due.action)
      throw new NotDueAnyMore('wrong-state', `experiment "${key}" has moved on`);
    return [
      { kind: 'experiments', key, action: step.action, value: storedExperiment(step.kept) },
      ...shippingChanges(before, step.kept, documents),
    ];
  };
  try {
    await writer.changeAll(AUTOMATION_ACTOR, decide);
  } catch (error) {
    if (!(error instanceof NotDueAnyMore)) throw error;
  }
}

class NotDueAnyMore extends Problem {}
