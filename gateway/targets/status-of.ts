import type { Target } from '../../models/catalogue/target.ts';
import type { AttemptOutcome } from './attempt-outcome.ts';

/** What a target said in HTTP; null where it said nothing, or is here in the process. */
export function statusOf({ kind }: Target, outcome: AttemptOutcome): number | null {
  if (outcome.kind === 'answered') return kind === 'onnx' ? null : 200;
  return outcome.kind === 'abandoned' ? null : (outcome.status ?? null);
}
