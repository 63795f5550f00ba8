import { acted, type DecidingDeed } from './act.ts';
import type { MetricResult } from './analysis/metric-result.ts';
import { banditStep } from './bandit.ts';
import type { EnvironmentPolicy } from './environment.ts';
import type { KeptExperiment } from './experiment-status.ts';
import { carriedOut, dueChange } from './planned-change.ts';

export interface Circumstances {
  /** ISO 8601. */
  readonly now: string;
  readonly policy: EnvironmentPolicy;
  /** What the strictest of all environments asks for. */
  readonly everywhere: EnvironmentPolicy;
  /** Whether a guardrail of it is breached; null when nobody can tell. */
  readonly breached: boolean | null;
  /** What its variants have achieved, for a bandit; null when nobody can tell. */
  readonly rewards?: readonly MetricResult[] | null;
}

/** Something that an experiment's own plan asks for now. */
export interface DueStep {
  /** For the audit log. */
  readonly action: string;
  readonly kept: KeptExperiment;
}

const AUTOMATION = 'automation';

/** The next thing that is due by an experiment's schedule, planned changes, ramp and bandit; null when nothing is. Pure. */
export function dueStep(kept: KeptExperiment, circumstances: Circumstances): DueStep | null {
  return (
    scheduledStart(kept, circumstances) ??
    scheduledStop(kept, circumstances) ??
    plannedStep(kept, circumstances) ??
    rampStep(kept, circumstances) ??
    banditStep(kept, circumstances.now, circumstances.rewards ?? null)
  );
}

/** Whether the ramp would go on now if no guardrail objects: only then is it worth asking about guardrails. */
export function isRampDue(kept: KeptExperiment, circumstances: Omit<Circumstances, 'breached'>): boolean {
  return rampStep(kept, { ...circumstances, breached: false }) !== null;
}

function scheduledStart(kept: KeptExperiment, circumstances: Circumstances): DueStep | null {
  const { startAt } = kept.experiment.schedule ?? {};
  const waiting = kept.state === 'draft' || kept.state === 'in-review';
  if (!waiting || !hasCome(startAt, circumstances.now)) return null;
  const result = acted(kept, 'start', deedOf(circumstances));
  return result.ok ? { action: 'start-on-schedule', kept: result.kept } : null;
}

function scheduledStop(kept: KeptExperiment, circumstances: Circumstances): DueStep | null {
  const { stopAt } = kept.experiment.schedule ?? {};
  if (!hasCome(stopAt, circumstances.now)) return null;
  const result = acted(kept, 'stop', deedOf(circumstances));
  return result.ok ? { action: 'stop-on-schedule', kept: result.kept } : null;
}

function plannedStep(kept: KeptExperiment, circumstances: Circumstances): DueStep | null {
  const change = dueChange(kept, deedOf(circumstances));
  return change === undefined
    ? null
    : { action: 'planned-change', kept: carriedOut(kept, change, circumstances.now) };
}

/** A guardrail that is breached, or that nobody can read, holds the ramp where it is. */
function rampStep(
  { experiment, state, status }: KeptExperiment,
  { now, breached }: Circumstances,
): DueStep | null {
  const { rampStep: at } = status;
  if (state !== 'running' || at === undefined || breached !== false) return null;
  const steps = experiment.ramp?.steps ?? [];
  const [current, next] = [steps[at.index], steps[at.index + 1]];
  if (current === undefined || next === undefined) return null;
  // Somebody, or a guardrail, has taken the allocation elsewhere: the ramp is no longer followed.
  if (experiment.allocation !== current.allocation) return null;
  if (Date.parse(at.since) + current.dwellMinutes * 60_000 > Date.parse(now)) return null;
  const { allocation } = next;
  return {
    action: 'ramp-step',
    kept: {
      experiment: { ...experiment, allocation },
      state,
      status: {
        ...status,
        rampStep: { index: at.index + 1, since: now },
        peakAllocation: Math.max(status.peakAllocation, allocation),
      },
    },
  };
}

function hasCome(instant: string | undefined, now: string): boolean {
  return instant !== undefined && Date.parse(instant) <= Date.parse(now);
}

function deedOf({ now, policy, everywhere }: Circumstances): DecidingDeed {
  return { by: AUTOMATION, at: now, policy, everywhere };
}
