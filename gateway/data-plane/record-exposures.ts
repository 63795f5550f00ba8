import { randomUUIDv7 } from 'node:crypto';
import type { Assignment, Enrolled } from '../../experiments/assignment.ts';
import type { RequestContext } from '../http/request-context.ts';
import { type ExposureRecorder, recordExposure, type Served } from './record-exposure.ts';

/** What one answer made use of. */
export interface ServedTogether extends Omit<Served, 'assignment' | 'id'> {
  /** The one that chose the target, or the flag's. */
  readonly assignment: Assignment;
  /** Holdouts, and experiments that only carry parameters. */
  readonly beside: readonly Enrolled[];
}

/** Records every assignment that an answer made use of; what is beside the first has ids of its own. */
export async function recordExposures(
  recorder: ExposureRecorder,
  context: RequestContext,
  { assignment, beside, ...served }: ServedTogether,
): Promise<void> {
  const recorded = beside.map((side) =>
    recordExposure(recorder, context, { ...served, assignment: side, id: randomUUIDv7() }),
  );
  if (assignment.kind === 'enrolled') {
    recorded.push(recordExposure(recorder, context, { ...served, assignment }));
  }
  await Promise.all(recorded);
}
