import { isDeepStrictEqual } from 'node:util';
import type { Experiment, ExperimentState } from './experiment.ts';
import type { Issue } from './issue.ts';

export const LIFECYCLE_ACTIONS = ['start', 'pause', 'resume', 'stop'] as const;
export type LifecycleAction = (typeof LIFECYCLE_ACTIONS)[number];

type Field = keyof Experiment;

/** draft → running ⇄ paused → stopped; nothing leads out of stopped. */
const TRANSITIONS: Readonly<
  Record<ExperimentState, Readonly<Partial<Record<LifecycleAction, ExperimentState>>>>
> = {
  draft: { start: 'running' },
  running: { pause: 'paused', stop: 'stopped' },
  paused: { resume: 'running', stop: 'stopped' },
  stopped: {},
};

/** What an edit may touch once units are assigned: nothing that moves one, or changes what is measured. */
const LIVE_EDITS: readonly Field[] = ['name', 'hypothesis', 'allocation', 'metrics'];
const STOPPED_EDITS: readonly Field[] = ['name', 'hypothesis'];

/** Where an action leads, or why it cannot be taken and which can. */
export function transition(
  state: ExperimentState,
  action: LifecycleAction,
): { ok: true; state: ExperimentState } | { ok: false; issue: Issue } {
  const next = TRANSITIONS[state][action];
  if (next !== undefined) return { ok: true, state: next };
  const allowed = Object.keys(TRANSITIONS[state]);
  const advice =
    allowed.length === 0
      ? 'nothing leads out of this state: create a new experiment'
      : `allowed is ${allowed.join(' or ')}`;
  const message = `cannot ${action} an experiment that is ${state}: ${advice}`;
  return { ok: false, issue: { path: '', code: 'invalid-transition', message } };
}

/** Every change between two versions of an experiment that its state forbids, one issue per field. */
export function editIssues(state: ExperimentState, before: Experiment, after: Experiment): Issue[] {
  const fields = new Set([...Object.keys(before), ...Object.keys(after)] as Field[]);
  return [...fields]
    .filter((field) => !isDeepStrictEqual(before[field], after[field]) && !isEditable(state, field))
    .map((field) => ({ path: `/${field}`, code: 'not-editable', message: explain(state, field) }));
}

/** Whether an experiment may be removed: not while its units may come back to it. */
export function deletable(state: ExperimentState): boolean {
  return state === 'draft' || state === 'stopped';
}

function isEditable(state: ExperimentState, field: Field): boolean {
  if (state === 'draft') return field !== 'key';
  return (state === 'stopped' ? STOPPED_EDITS : LIVE_EDITS).includes(field);
}

function explain(state: ExperimentState, field: Field): string {
  if (field === 'key') return '"key" is the identity of an experiment: create a new one under the other key';
  if (state === 'stopped') {
    const editable = STOPPED_EDITS.join(' and ');
    return `"${field}" of a stopped experiment is part of its record; only ${editable} may change: create a new experiment`;
  }
  return `"${field}" cannot change while the experiment is ${state}: it would move units or change what is measured; stop it and start a new one`;
}
