import type { MetricResult } from '../../experiments/analysis/metric-result.ts';
import { isBanditDue } from '../../experiments/bandit.ts';
import { dueStep, isRampDue } from '../../experiments/due-step.ts';
import { NO_REVIEW } from '../../experiments/environment.ts';
import { keptExperimentSchema, storedExperiment } from '../../experiments/kept-experiment.ts';
import type { StoredDocument } from '../../experiments/store/configuration-store.ts';
import type { ConfigurationWriter } from '../control-plane/change-configuration.ts';
import { Problem } from '../problems.ts';
import type { RegisteredExperiment, Snapshot } from '../snapshot/snapshot.ts';
import type { SnapshotSource } from '../snapshot/snapshot-source.ts';
import { anyBreached } from './read-guardrails.ts';

export interface AdvanceOptions {
  readonly writer: Pick<ConfigurationWriter, 'change'>;
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
  const circumstances = { now: now().toISOString(), policy };
  const asks = isRampDue(registered, circumstances) || isBanditDue(registered, circumstances.now);
  const rewards = asks ? await metricsOf(registered) : null;
  const found = { ...circumstances, rewards, breached: rewards && anyBreached(rewards) };
  const due = dueStep(registered, found);
  if (due === null) return;
  const next = (current: StoredDocument | null) => {
    const step = current && dueStep(keptExperimentSchema.parse(current.value), found);
    if (step?.action === due.action) return storedExperiment(step.kept);
    throw new NotDueAnyMore('wrong-state', `experiment "${key}" has moved on`);
  };
  try {
    await writer.change({ kind: 'experiments', key, action: due.action, actor: AUTOMATION_ACTOR, next });
  } catch (error) {
    if (!(error instanceof NotDueAnyMore)) throw error;
  }
}

class NotDueAnyMore extends Problem {}
