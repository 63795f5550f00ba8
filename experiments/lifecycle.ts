import { isDeepStrictEqual } from 'node:util';
import type { Experiment, ExperimentState } from './experiment.ts';
import type { Issue } from './issue.ts';
import { reweighIssue } from './reweigh.ts';
import type { Variant } from './variant.ts';

export const LIFECYCLE_ACTIONS = [
  'submit',
  'withdraw',
  'start',
  'pause',
  'resume',
  'stop',
  'archive',
] as const;
export type LifecycleAction = (typeof LIFECYCLE_ACTIONS)[number];

type Field = keyof Experiment;

/** draft → in review → running ⇄ paused → stopped → archived; nothing leads out of archived. */
const TRANSITIONS: Readonly<
  Record<ExperimentState, Readonly<Partial<Record<LifecycleAction, ExperimentState>>>>
> = {
  draft: { submit: 'in-review', start: 'running' },
  'in-review': { withdraw: 'draft', start: 'running' },
  running: { pause: 'paused', stop: 'stopped' },
  paused: { resume: 'running', stop: 'stopped' },
  stopped: { archive: 'archived' },
  archived: {},
};

/** What an edit may touch once units are assigned: nothing that moves one, or changes what is measured. */
const LIVE_EDITS: readonly Field[] = [
  'name',
  'hypothesis',
  'allocation',
  'metrics',
  'overrides',
  'bucketVersion',
  'ramp',
  'schedule',
  'bandit',
];
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
  const changed = [...fields].filter((field) => !isDeepStrictEqual(before[field], after[field]));
  const live = state === 'running' || state === 'paused';
  return changed.flatMap((field) => {
    if (live && field === 'variants') return weightIssues(before, after);
    if (live && field === 'bucketVersion' && after.bucketVersion < before.bucketVersion) {
      const message = `is ${after.bucketVersion} after ${before.bucketVersion}: a version is never taken again, raise it`;
      return [{ path: '/bucketVersion', code: 'not-editable', message, value: after.bucketVersion }];
    }
    return isEditable(state, field)
      ? []
      : [{ path: `/${field}`, code: 'not-editable', message: explain(state, field) }];
  });
}

/** Of live variants the weights may change, where the hash allows it, and nothing else: not even their order. */
function weightIssues(before: Experiment, after: Experiment): Issue[] {
  const drawnAnew = after.bucketVersion > before.bucketVersion;
  const rest = ({ weight: _weight, slots: _slots, ...fields }: Variant) => fields;
  if (!isDeepStrictEqual(before.variants.map(rest), after.variants.map(rest))) {
    const message =
      'of variants only weights can change while the experiment is live: to drop one give it weight 0; to add one, or to change what it serves, stop it and start a new one';
    return [{ path: '/variants', code: 'not-editable', message }];
  }
  const issue = drawnAnew ? null : reweighIssue(before);
  return issue === null ? [] : [issue];
}

/** Whether an experiment may be removed: not while its units may come back to it. */
export function deletable(state: ExperimentState): boolean {
  return state !== 'running' && state !== 'paused';
}

function isEditable(state: ExperimentState, field: Field): boolean {
  if (state === 'draft' || state === 'in-review') return field !== 'key';
  return (state === 'running' || state === 'paused' ? LIVE_EDITS : STOPPED_EDITS).includes(field);
}

function explain(state: ExperimentState, field: Field): string {
  if (field === 'key') return '"key" is the identity of an experiment: create a new one under the other key';
  if (state === 'stopped' || state === 'archived') {
    const editable = STOPPED_EDITS.join(' and ');
    return `"${field}" of an experiment that is ${state} is part of its record; only ${editable} may change: create a new experiment`;
  }
  return `"${field}" cannot change while the experiment is ${state}: it would move units or change what is measured; stop it and start a new one`;
}
