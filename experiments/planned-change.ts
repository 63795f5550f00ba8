import { z } from 'zod';
import type { Acted, Deed } from './act.ts';
import { edited } from './edit.ts';
import { experimentSchema } from './experiment.ts';
import type { KeptExperiment, PlannedChange } from './experiment-status.ts';
import { type Issue, issuesOf } from './issue.ts';
import { jsonObjectSchema } from './json-object.ts';
import { editIssues } from './lifecycle.ts';
import { approvalIssue, missingApprovals } from './review.ts';

const MAX_PLANNED = 50;

/** A change to be made at a time, or as soon as it is approved. */
export const plannedChangeRequestSchema = z.strictObject({
  at: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({ description: 'As soon as it is approved unless given' }),
  fields: jsonObjectSchema.meta({
    description: 'Fields of the experiment and their new values',
    examples: [{ allocation: 5_000 }],
  }),
});

/** The experiment with a change planned, or what is wrong with that change as things stand. */
export function planned(
  kept: KeptExperiment,
  change: Pick<PlannedChange, 'id' | 'at' | 'fields'>,
  by: string,
): { ok: true; kept: KeptExperiment } | { ok: false; issues: readonly Issue[] } {
  const { plannedChanges } = kept.status;
  if (plannedChanges.length >= MAX_PLANNED) {
    const message = `${MAX_PLANNED} changes are planned already: remove one first`;
    return { ok: false, issues: [{ path: '', code: 'too-many', message }] };
  }
  const preview = withFields(kept, change.fields, by);
  if (!preview.ok) return preview;
  const changes = [...plannedChanges, { ...change, by, approvals: [] }];
  return { ok: true, kept: withChanges(kept, changes) };
}

/** The experiment with one more approval of a planned change. */
export function changeApproved(kept: KeptExperiment, id: string, { by, at, policy }: Deed): Acted {
  const change = kept.status.plannedChanges.find((one) => one.id === id);
  if (change === undefined) {
    return {
      ok: false,
      issue: { path: '', code: 'unknown-change', message: `there is no planned change "${id}"` },
    };
  }
  const issue = approvalIssue({ author: change.by, approvals: change.approvals }, policy, by);
  if (issue !== null) return { ok: false, issue };
  const approvals = [...change.approvals, { by, at }];
  return { ok: true, kept: replaced(kept, { ...change, approvals }) };
}

/** Without the planned change of that id. */
export function unplanned(kept: KeptExperiment, id: string): KeptExperiment {
  return withChanges(
    kept,
    kept.status.plannedChanges.filter((change) => change.id !== id),
  );
}

/** The first change whose time has come and that enough people approved; failed ones wait to be removed. */
export function dueChange(
  { status }: KeptExperiment,
  { at: now, policy }: Pick<Deed, 'at' | 'policy'>,
): PlannedChange | undefined {
  return status.plannedChanges.find(
    (change) =>
      change.failed === undefined &&
      (change.at === null || Date.parse(change.at) <= Date.parse(now)) &&
      missingApprovals(change, policy) === null,
  );
}

/** The experiment with the change made, or with a note of why it could not be. */
export function carriedOut(kept: KeptExperiment, change: PlannedChange): KeptExperiment {
  const result = withFields(kept, change.fields, change.by);
  return result.ok
    ? unplanned(result.kept, change.id)
    : replaced(kept, { ...change, failed: result.issues.map(({ message }) => message).join('; ') });
}

function withFields(
  kept: KeptExperiment,
  fields: PlannedChange['fields'],
  by: string,
): { ok: true; kept: KeptExperiment } | { ok: false; issues: readonly Issue[] } {
  const written = { ...kept.experiment, ...fields };
  const parsed = experimentSchema.safeParse(written);
  if (!parsed.success) return { ok: false, issues: issuesOf(parsed.error, written) };
  const issues = editIssues(kept.state, kept.experiment, parsed.data);
  return issues.length > 0 ? { ok: false, issues } : { ok: true, kept: edited(kept, parsed.data, by) };
}

function replaced(kept: KeptExperiment, change: PlannedChange): KeptExperiment {
  return withChanges(
    kept,
    kept.status.plannedChanges.map((one) => (one.id === change.id ? change : one)),
  );
}

function withChanges(kept: KeptExperiment, plannedChanges: PlannedChange[]): KeptExperiment {
  return { ...kept, status: { ...kept.status, plannedChanges } };
}
