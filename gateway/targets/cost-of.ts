import type { Target } from '../../models/catalogue/target.ts';
import type { AttemptFailure } from './attempt-outcome.ts';

/** After these the target has seen nothing of the request. */
const NEVER_ASKED: ReadonlySet<AttemptFailure> = new Set([
  'unreachable',
  'no-credentials',
  'circuit-open',
  'shed',
]);

/**
 * What one attempt on a target cost, by the price that it declares; null where it declares none. Failing costs as
 * much as answering: whose fault it was does not show on the bill. `failure`: null where there was none.
 */
export function costOf({ pricePerRequest }: Target, failure: AttemptFailure | null): number | null {
  if (pricePerRequest === undefined) return null;
  return failure !== null && NEVER_ASKED.has(failure) ? 0 : pricePerRequest;
}
