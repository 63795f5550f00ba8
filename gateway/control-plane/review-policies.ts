import type { DecidingDeed } from '../../experiments/act.ts';
import { type Environment, environmentSchema, NO_REVIEW, strictest } from '../../experiments/environment.ts';
import type { StoredDocument } from '../../experiments/store/configuration-store.ts';

/** What is asked of changes in an environment, and of those that reach every one, as it is stored now. */
export function reviewPolicies(
  documents: readonly StoredDocument[],
  environment: Environment,
): Pick<DecidingDeed, 'policy' | 'everywhere'> {
  const policies = documents
    .filter(({ kind }) => kind === 'environments')
    .map(({ value }) => environmentSchema.parse(value));
  const policy = policies.find(({ key }) => key === environment) ?? NO_REVIEW;
  return { policy, everywhere: strictest(policies) };
}
