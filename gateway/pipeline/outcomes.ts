import { z } from 'zod';
import { experimentSchema } from '../../experiments/experiment.ts';
import type { Outcome } from '../../experiments/exposure.ts';
import { keySchema } from '../../experiments/key.ts';
import { pseudonym } from './pseudonym.ts';
import {
  type BatchResult,
  batchSchema,
  itemsOf,
  reportedAt,
  reportedFields,
  reportedText,
  reportProblem,
  takeBatch,
} from './take-batch.ts';

/** What a unit did, as the tenant reports it. */
const outcomeSchema = z.strictObject({
  ...reportedFields,
  event: keySchema,
  unit: experimentSchema.shape.unit,
  value: z.number().optional().meta({ description: 'What the event counts, where it counts something' }),
  requestId: reportedText(200)
    .optional()
    .meta({ description: 'The x-request-id of the answer that it follows' }),
});
type ReportedOutcome = z.infer<typeof outcomeSchema>;

/** The body of `POST /v1/outcomes`. */
export const outcomesRequestSchema = batchSchema('outcomes', outcomeSchema);

export interface OutcomeIntake {
  readonly tenant: string;
  /** The tenant's pseudonymisation key. */
  readonly tenantKey: Buffer;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Resolves once an outcome is where it is safe; with false when it could not be. */
  readonly append: (outcome: Outcome) => Promise<boolean>;
}

/**
 * Takes a batch in, each outcome for itself: an accepted one is recorded when this resolves. Sending an outcome
 * again is harmless, since its id counts once. Rejects with Problem `invalid-request` when the body is no batch.
 */
export async function acceptOutcomes(body: unknown, intake: OutcomeIntake): Promise<BatchResult> {
  return takeBatch(itemsOf('outcomes', body), outcomeSchema, {
    recordOf: (reported) => reportProblem(reported, intake) ?? { record: toOutcome(reported, intake) },
    append: intake.append,
  });
}

function toOutcome(reported: ReportedOutcome, { tenant, tenantKey, now }: OutcomeIntake): Outcome {
  return {
    id: reported.id,
    tenant,
    at: reportedAt(reported.at, now),
    receivedAt: now,
    event: reported.event,
    unitType: reported.unit,
    unit: pseudonym(tenantKey, reported.unitId ?? tenant),
    value: reported.value ?? null,
    requestId: reported.requestId ?? null,
  };
}
