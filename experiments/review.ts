import type { EnvironmentPolicy } from './environment.ts';
import type { Issue } from './issue.ts';

interface Reviewed {
  /** Who wrote what is approved; nobody approves their own. */
  readonly author: string | undefined;
  readonly approvals: readonly { readonly by: string; readonly at: string }[];
}

/** Why an approval by this person would not count. */
export function approvalIssue(
  { author, approvals }: Reviewed,
  { reviewers }: EnvironmentPolicy,
  by: string,
): Issue | null {
  const issue = (code: string, message: string) => ({ path: '', code, message, value: by });
  if (by === author) return issue('own-work', `"${by}" wrote it: somebody else must approve`);
  if (reviewers !== undefined && !reviewers.includes(by)) {
    return issue('not-a-reviewer', `"${by}" is not a reviewer here: ask ${reviewers.join(' or ')}`);
  }
  if (approvals.some((approval) => approval.by === by)) {
    return issue('approved-already', `"${by}" has approved this already`);
  }
  return null;
}

/** What is still missing before this may go ahead. */
export function missingApprovals(
  { approvals }: Pick<Reviewed, 'approvals'>,
  { approvals: required }: EnvironmentPolicy,
): Issue | null {
  const missing = required - approvals.length;
  if (missing <= 0) return null;
  const message = `${missing} of ${required} approvals are missing: submit it, and have others approve it`;
  return { path: '', code: 'approvals-missing', message };
}
