import { z } from 'zod';
import type { Exposure } from '../../experiments/exposure.ts';
import { keySchema } from '../../experiments/key.ts';
import type { RegisteredExperiment } from '../snapshot/snapshot.ts';
import { pseudonym } from './pseudonym.ts';
import {
  type BatchResult,
  batchSchema,
  itemsOf,
  type Rejection,
  reportedAt,
  reportedFields,
  reportedText,
  reportProblem,
  takeBatch,
} from './take-batch.ts';

/** One use of an assignment that the client itself acted on: after it has evaluated all flags at once, say. */
const reportedExposureSchema = z.strictObject({
  ...reportedFields,
  experiment: keySchema,
  variant: keySchema.meta({ description: 'The variant that the gateway assigned' }),
  requestId: reportedText(200)
    .optional()
    .meta({ description: 'The x-request-id of the answer that assigned it' }),
  context: z.record(z.string(), z.unknown()).optional().meta({
    description: 'What it was assigned by; only what the endpoint lists as dimensions is recorded',
  }),
});
type ReportedExposure = z.infer<typeof reportedExposureSchema>;

/** The body of `POST /v1/exposures`. */
export const exposuresRequestSchema = batchSchema('exposures', reportedExposureSchema);

/** An exposure as it is recorded, and whose it is in the clear. */
export interface TakenExposure {
  readonly exposure: Exposure;
  readonly unitId: string;
}

export interface ExposureIntake {
  readonly tenant: string;
  /** The tenant's pseudonymisation key. */
  readonly tenantKey: Buffer;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Whether it was sent with an override token: then nothing of it is recorded. */
  readonly isTest: boolean;
  /** The experiment of that key, where this tenant may be in it; drafts are in nobody's reach. */
  readonly experimentOf: (key: string) => RegisteredExperiment | null;
  /** Of a context, what the endpoint records. */
  readonly dimensionsOf: (
    endpoint: string,
    context: Readonly<Record<string, unknown>>,
  ) => Exposure['dimensions'];
  /** Resolves once an exposure is where it is safe; with false when it could not be. */
  readonly append: (reported: TakenExposure) => Promise<boolean>;
}

/**
 * Takes a batch in, each exposure for itself: an accepted one is recorded when this resolves. Sending one again is
 * harmless, since its id counts once. The gateway takes the client's word for what was assigned: it has not the
 * context any more. Rejects with Problem `invalid-request` when the body is no batch.
 */
export async function acceptExposures(body: unknown, intake: ExposureIntake): Promise<BatchResult> {
  return takeBatch(itemsOf('exposures', body), reportedExposureSchema, {
    recordOf: (reported) => recordOf(reported, intake),
    append: intake.append,
  });
}

function recordOf(reported: ReportedExposure, intake: ExposureIntake): { record: TakenExposure } | Rejection {
  if (intake.isTest)
    return { code: 'override', message: 'an override token came with it: tests are not recorded' };
  const registered = intake.experimentOf(reported.experiment);
  if (registered === null)
    return { code: 'unknown-experiment', message: '/experiment: no such experiment has run' };
  const { experiment, revision } = registered;
  const variant = experiment.variants.find(({ key }) => key === reported.variant);
  if (variant === undefined)
    return { code: 'unknown-variant', message: '/variant: the experiment has no such variant' };
  const problem = reportProblem({ ...reported, unit: experiment.unit }, intake);
  if (problem !== null) return problem;
  const { id, requestId = id, unitId = intake.tenant, context = {} } = reported;
  const exposure: Exposure = {
    ...NOT_SERVED,
    id,
    at: reportedAt(reported.at, intake.now),
    tenant: intake.tenant,
    endpoint: experiment.endpoint,
    experiment: experiment.key,
    revision,
    variant: variant.key,
    unit: pseudonym(intake.tenantKey, unitId),
    propensityBp: variant.weight,
    requestId,
    // A variant that only carries parameters sends nobody anywhere.
    assignedTarget: variant.target ?? '',
    dimensions: intake.dimensionsOf(experiment.endpoint, context),
  };
  return { record: { exposure, unitId } };
}

/** Nothing is known of how it was served, so what would say so is null and moves no guardrail. */
const NOT_SERVED = {
  servedTarget: null,
  model: null,
  version: null,
  cloud: null,
  region: null,
  fallback: false,
  attempts: 0,
  status: null,
  error: null,
  latencyMs: null,
  cost: null,
  reported: true,
} as const;
