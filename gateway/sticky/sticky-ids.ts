import type { CompiledExperiment, EvaluationContext } from '../../experiments/assignment.ts';
import type { KeptUnit } from '../../experiments/sticky.ts';
import { stickyId } from '../../experiments/store/sticky-assignments.ts';
import type { RequestContext } from '../http/request-context.ts';
import { pseudonym } from '../pipeline/pseudonym.ts';

/** Whose units they are, and where the key of their pseudonyms is. */
type Owner = Pick<RequestContext, 'tenant' | 'configuration'>;

/** Where an experiment keeps assignments of a context's units, the unit's own first; nowhere where it keeps none. */
export function idsOf(
  owner: Owner,
  { sticky }: CompiledExperiment,
  attributes: EvaluationContext,
): readonly string[] {
  return sticky === null ? [] : sticky.unitsOf(attributes).map((unit) => idOf(owner, sticky.draw, unit));
}

/** The unit leaves the process as its pseudonym only: without the tenant's key nobody can lead it back. */
export function idOf({ tenant, configuration }: Owner, draw: string, { name, id }: KeptUnit): string {
  const key = tenant?.key ?? '';
  const unitKey = configuration?.unitKeys.get(key);
  if (unitKey === undefined) throw new Error(`tenant "${key}" has no pseudonymisation key`);
  return stickyId({ tenant: key, draw, unitName: name, pseudonym: pseudonym(unitKey, id) });
}
