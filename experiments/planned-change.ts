import { z } from 'zod';
import type { Acted, DecidingDeed, Deed } from './act.ts';
import { concluded } from './decide.ts';
import { decisionSchema } from './decision.ts';
import { edited } from './edit.ts';
import type { EnvironmentPolicy } from './environment.ts';
import { experimentSchema } from './experiment.ts';
import type { KeptExperiment, PlannedChange } from './experiment-status.ts';
import { type Issue, issuesOf } from './issue.ts';
import { jsonObjectSchema } from './json-object.ts';
import { editIssues } from './lifecycle.ts';
import { approvalIssue, missingApprovals } from './review.ts';

const MAX_PLANNED = 50;

/** A change to be made at a time, or as soon as it is approved. */
export const plannedChangeRequestSchema = z
  .strictObject({
    at: z.iso
      .datetime({ offset: true })
      .optional()
      .meta({ description: 'As soon as it is approved unless given' }),
    fields: jsonObjectSchema.optional().meta({
      description: 'Fields of the experiment and their new values',
      examples: [{ allocation: 5_000 }],
    }),
    decision: decisionSchema.optional().meta({ description: 'Instead of fields: how it is to end' }),
  })
  .refine(({ fields, decision }) => (fields === undefined) !== (decision === undefined), {
    message: 'must be either fields or a decision',
  });

type Made =
  | { readonly ok: true; readonly kept: KeptExperiment }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** The experiment with a change planned, or what is wrong with that change as things stand. */
export function planned(
  kept: KeptExperiment,
  change: Pick<PlannedChange, 'id' | 'at' | 'fields' | 'decision'>,
  { by, at }: Pick<Deed, 'by' | 'at'>,
): Made {
  const { plannedChanges } = kept.status;
  if (plannedChanges.length >= MAX_PLANNED) {
    const message = `${MAX_PLANNED} changes are planned already: remove one first`;
    return { ok: false, issues: [{ path: '', code: 'too-many', message }] };
  }
  const preview = made(kept, change, { by, at });
  if (!preview.ok) return preview;
  const changes = [...plannedChanges, { ...change, by, approvals: [] }];
  return { ok: true, kept: withChanges(kept, changes) };
}

/** The experiment with one more approval of a planned change. */
export function changeApproved(
  kept: KeptExperiment,
  id: string,
  { by, at, ...policies }: DecidingDeed,
): Acted {
  const change = kept.status.plannedChanges.find((one) => one.id === id);
  if (change === undefined) {
    return {
      ok: false,
      issue: { path: '', code: 'unknown-change', message: `there is no planned change "${id}"` },
    };
  }
  const issue = approvalIssue(
    { author: change.by, approvals: change.approvals },
    policyFor(change, policies),
    by,
  );
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
  { at: now, ...policies }: Omit<DecidingDeed, 'by'>,
): PlannedChange | undefined {
  return status.plannedChanges.find(
    (change) =>
      change.failed === undefined &&
      (change.at === null || Date.parse(change.at) <= Date.parse(now)) &&
      missingApprovals(change, policyFor(change, policies)) === null,
  );
}

/** The experiment with the change made, or with a note of why it could not be. */
export function carriedOut(kept: KeptExperiment, change: PlannedChange, at: string): KeptExperiment {
  const result = made(kept, change, { by: change.by, at });
  return result.ok
    ? unplanned(result.kept, change.id)
    : replaced(kept, { ...change, failed: result.issues.map(({ message }) => message).join('; ') });
}

/** What is asked of a change: shipping is one for every environment. */
function policyFor(
  { decision }: PlannedChange,
  { policy, everywhere }: Pick<DecidingDeed, 'policy' | 'everywhere'>,
): EnvironmentPolicy {
  return decision?.decision === 'ship' ? everywhere : policy;
}

/** The experiment after a planned change, if that can be made as things stand. */
function made(
  kept: KeptExperiment,
  { fields = {}, decision }: Pick<PlannedChange, 'fields' | 'decision'>,
  deed: Pick<Deed, 'by' | 'at'>,
): Made {
  if (decision === undefined) return withFields(kept, fields, deed.by);
  const result = concluded(kept, decision, deed);
  return result.ok ? result : { ok: false, issues: [result.issue] };
}

function withFields(kept: KeptExperiment, fields: Readonly<Record<string, unknown>>, by: string): Made {
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
