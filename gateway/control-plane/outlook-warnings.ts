import { setTimeout as sleep } from 'node:timers/promises';
import { durationWarnings } from '../../experiments/duration-warnings.ts';
import { effectSought } from '../../experiments/effect-sought.ts';
import type { Experiment } from '../../experiments/experiment.ts';
import type { Issue } from '../../experiments/issue.ts';
import type { Analysis } from '../analysis/analysis.ts';
import type { SnapshotSource } from '../snapshot/snapshot-source.ts';
import { measuredLike } from './measured-like.ts';

/** The usual chance to see an effect. */
const POWER = 0.8;
/** Whoever asks waits no longer: the lake may have much to be read first. */
const PATIENCE_MS = 5_000;

export interface OutlookOptions {
  readonly analysis: Pick<Analysis, 'plan'>;
  readonly source: Pick<SnapshotSource, 'current'>;
}

/** Whether an experiment is likely to come to an answer, by the traffic that its endpoint has had. */
export async function outlookWarnings(
  experiment: Experiment,
  { analysis, source }: OutlookOptions,
): Promise<readonly Issue[]> {
  const primary = experiment.metrics?.primary;
  if (primary === undefined) return [];
  const others = measuredLike(experiment, source);
  const planned = analysis.plan({ experiment, others, effect: effectSought(experiment), power: POWER });
  try {
    const outlook = await Promise.race([planned, sleep(PATIENCE_MS, null, { ref: false })]);
    return outlook === null ? [unknown('the lake has much to be read first')] : durationWarnings(outlook);
  } catch (error) {
    return [unknown(error instanceof Error ? error.message : String(error))];
  }
}

function unknown(reason: string): Issue {
  const message = `how long it will take could not be told (${reason}): ask …/power later`;
  return { path: '/metrics/primary', code: 'duration-unknown', message };
}
