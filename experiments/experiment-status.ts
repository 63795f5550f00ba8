import { z } from 'zod';
import { DECISIONS, decisionSchema } from './decision.ts';
import type { Experiment, ExperimentState } from './experiment.ts';
import { jsonObjectSchema } from './json-object.ts';
import { basisPointsSchema, keySchema } from './key.ts';
import { rangeFields } from './slots.ts';

const instant = z.string();

/** Somebody other than the author found it good, as it was then. */
const approvalSchema = z.object({ by: z.string(), at: instant });

/** A change that is made later, or once it is approved: `fields` replace those of the experiment, or it ends. */
const plannedChangeSchema = z.object({
  id: z.string(),
  /** Null: as soon as it is approved. */
  at: instant.nullable(),
  fields: jsonObjectSchema.optional(),
  decision: decisionSchema.optional(),
  by: z.string(),
  approvals: z.array(approvalSchema).default([]),
  /** Why it could not be made when its time had come. */
  failed: z.string().optional(),
});
export type PlannedChange = z.infer<typeof plannedChangeSchema>;

/** What the gateway keeps of an experiment beside what its team wrote. */
export const experimentStatusSchema = z.object({
  /** First start, under the bucket version in force. */
  startedAt: instant.optional(),
  stoppedAt: instant.optional(),
  /** Who last changed what was written. */
  author: z.string().optional(),
  approvals: z.array(approvalSchema).default([]),
  rampStep: z.object({ index: z.int(), since: instant }).optional(),
  banditAt: instant.optional(),
  decision: z
    .object({
      kind: z.enum(DECISIONS),
      variant: keySchema.optional(),
      reason: z.string().optional(),
      by: z.string(),
      at: instant,
    })
    .optional(),
  /** Slots of variants that have changed hands under this bucket version. */
  moved: z.array(z.object(rangeFields)).default([]),
  /** The highest allocation there was under this bucket version. */
  peakAllocation: basisPointsSchema.default(0),
  plannedChanges: z.array(plannedChangeSchema).default([]),
  /** Where it was tried before: key and revision. */
  promotedFrom: z.object({ experiment: keySchema, revision: z.int() }).optional(),
});
export type ExperimentStatus = z.infer<typeof experimentStatusSchema>;

/** An experiment as it is kept: what was written, where it stands, and what has become of it. */
export interface KeptExperiment {
  readonly experiment: Experiment;
  readonly state: ExperimentState;
  readonly status: ExperimentStatus;
}

/** Of an experiment that nothing has happened to yet. */
export function newStatus(author: string): ExperimentStatus {
  return experimentStatusSchema.parse({ author });
}
