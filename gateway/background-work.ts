import type { Logger } from 'pino';
import type { ConfigurationStore } from '../experiments/store/configuration-store.ts';
import type { Analysis } from './analysis/analysis.ts';
import { advanceExperiments } from './automation/advance-experiments.ts';
import { type OwnedTask, type Running, runAsOwner } from './automation/run-as-owner.ts';
import { sweepSegmentLists } from './automation/sweep-segment-lists.ts';
import { advanceCanaries } from './canaries/advance-canaries.ts';
import { rollBackBy } from './canaries/roll-back.ts';
import { watchCanaries } from './canaries/watch-canaries.ts';
import { ConfigurationWriter } from './control-plane/change-configuration.ts';
import type { GuardrailCounters } from './guardrails/guardrail-counters.ts';
import { GuardrailWatch } from './guardrails/guardrail-watch.ts';
import { haltBy } from './guardrails/halt-variant.ts';
import { guardByLake } from './guardrails/lake-guardrails.ts';
import type { RegisteredExperiment } from './snapshot/snapshot.ts';
import type { SnapshotSource } from './snapshot/snapshot-source.ts';
import type { SendMessage } from './webhooks/send-message.ts';
import { WebhookDispatcher } from './webhooks/webhook-dispatcher.ts';

/** How late a step of a ramp or a schedule may be. */
const AUTOMATION_INTERVAL_MS = 1_000;
/** A look costs well under a millisecond. */
const GUARDRAIL_INTERVAL_MS = 1_000;
const WEBHOOK_INTERVAL_MS = 1_000;
const LIST_SWEEP_INTERVAL_MS = 10 * 60_000;
/** How late a sticky assignment may go. */
const STICKY_INTERVAL_MS = 3_600_000;

export interface BackgroundWorkOptions {
  readonly store: ConfigurationStore;
  readonly source: SnapshotSource;
  readonly analysis: Analysis;
  readonly sendWebhook: SendMessage;
  /** What this process has answered, by experiment and by canary. */
  readonly counters: GuardrailCounters;
  readonly trials: GuardrailCounters;
  readonly lakeGuardrailsIntervalMs: number;
  readonly logger: Logger;
}

/**
 * What a serving process does without being asked. It watches what it has answered itself; of the rest, each task is
 * done by one process of the installation at a time.
 */
export function startBackgroundWork(options: BackgroundWorkOptions): Running {
  const { source, counters, trials, logger } = options;
  const writer = new ConfigurationWriter(options.store, source);
  const current = () => source.current?.snapshot ?? null;
  const intervalMs = GUARDRAIL_INTERVAL_MS;
  const halt = haltBy(writer);
  const guardrails = new GuardrailWatch({ counters, current, halt, logger, intervalMs });
  guardrails.start();
  const canaries = watchCanaries({ trials, current, rollBack: rollBackBy(writer), logger, intervalMs });
  const owned = ownedTasks(options, writer).map((task) => runAsOwner({ ...options, ...task }));
  return {
    // Together: each may be waiting for a database that does not answer, and their waits must not add up.
    stop: async () => {
      await Promise.all([guardrails, canaries, ...owned].map((running) => running.stop()));
    },
  };
}

function ownedTasks(
  { store, source, analysis, sendWebhook, lakeGuardrailsIntervalMs, logger }: BackgroundWorkOptions,
  writer: ConfigurationWriter,
): readonly Pick<OwnedTask, 'name' | 'intervalMs' | 'run'>[] {
  const now = () => new Date();
  const current = () => source.current?.snapshot ?? null;
  const documents = () => source.current?.documents ?? [];
  const resultsOf = (registered: RegisteredExperiment) =>
    analysis.results(registered, { detailed: false, methods: [] });
  const metricsOf = async (registered: RegisteredExperiment) => (await resultsOf(registered)).metrics;
  const dispatcher = new WebhookDispatcher({ store, documents, send: sendWebhook, now: Date.now });
  const halt = haltBy(writer);
  return [
    { name: 'webhooks', intervalMs: WEBHOOK_INTERVAL_MS, run: (signal) => dispatcher.run(signal) },
    {
      name: 'automation',
      intervalMs: AUTOMATION_INTERVAL_MS,
      run: async () => {
        await advanceCanaries({ writer, documents: documents(), now });
        await advanceExperiments({ writer, source, metricsOf, now });
      },
    },
    {
      name: 'lake-guardrails',
      intervalMs: lakeGuardrailsIntervalMs,
      run: (signal) => guardByLake({ current, resultsOf, halt, store, logger }, signal),
    },
    { name: 'segment-lists', intervalMs: LIST_SWEEP_INTERVAL_MS, run: () => sweepSegmentLists(store) },
    {
      name: 'sticky-assignments',
      intervalMs: STICKY_INTERVAL_MS,
      run: () => store.removeExpiredAssignments(),
    },
  ];
}
