import { z } from 'zod';
import { experimentSchema } from '../../experiments/experiment.ts';
import type { Outcome } from '../../experiments/exposure.ts';
import { issuesOf } from '../../experiments/issue.ts';
import { keySchema } from '../../experiments/key.ts';
import { Problem } from '../problems.ts';
import { pseudonym } from './pseudonym.ts';

const MAX_OUTCOMES = 1_000;
/** A tenant's clock may run ahead of ours by this much. */
const MAX_FUTURE_MS = 5 * 60_000;
/** And an outcome may come in this late. */
const MAX_PAST_MS = 30 * 24 * 60 * 60_000;

/** Half of a surrogate pair cannot be written as UTF-8: the record that holds it would be lost on its way. */
const text = (maxChars: number) =>
  z
    .string()
    .min(1)
    .max(maxChars)
    .refine(
      (value) => value.isWellFormed(),
      'must be well-formed Unicode: it holds half of a surrogate pair',
    );

/** What a unit did, as the tenant reports it. */
const outcomeSchema = z.strictObject({
  id: text(200).meta({ description: 'Chosen by the caller; the same id counts once, whenever it comes' }),
  event: keySchema,
  unit: experimentSchema.shape.unit,
  unitId: text(1_000)
    .optional()
    .meta({ description: 'Id of the unit; not needed where the unit is the tenant' }),
  at: z.iso.datetime({ offset: true }).optional().meta({
    description:
      'When it happened, with Z or an offset: at most 30 days ago and 5 minutes ahead; now unless given',
  }),
  value: z.number().optional().meta({ description: 'What the event counts, where it counts something' }),
  requestId: text(200).optional().meta({ description: 'The x-request-id of the answer that it follows' }),
});
type ReportedOutcome = z.infer<typeof outcomeSchema>;

const batchSchema = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({
    outcomes: z
      .array(item)
      .min(1)
      .max(MAX_OUTCOMES, `a batch holds at most ${MAX_OUTCOMES} outcomes: split it`),
  });

/** The body of `POST /v1/outcomes`. */
export const outcomesRequestSchema = batchSchema(outcomeSchema);
/** Items are judged one by one, so that a bad one costs only itself. */
const envelopeSchema = batchSchema(z.unknown());

/** Why one outcome of a batch was not taken; the others were. */
interface RejectedOutcome {
  /** Position in the batch, from 0. */
  readonly index: number;
  readonly id: string | null;
  readonly code: 'invalid' | 'too-old' | 'in-the-future' | 'wrong-unit' | 'duplicate' | 'not-recorded';
  readonly message: string;
}

export interface OutcomesResult {
  readonly accepted: number;
  readonly rejected: readonly RejectedOutcome[];
}

export interface OutcomeIntake {
  readonly tenant: string;
  /** The tenant's pseudonymisation key. */
  readonly tenantKey: Buffer;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Resolves once an outcome is where it is safe; with false when it could not be. */
  readonly append: (outcome: Outcome) => Promise<boolean>;
}

type Rejection = Pick<RejectedOutcome, 'code' | 'message'>;

/**
 * Takes a batch in, each outcome for itself: an accepted one is recorded when this resolves. Sending an outcome
 * again is harmless, since its id counts once. Rejects with Problem `invalid-request` when the body is no batch.
 */
export async function acceptOutcomes(body: unknown, intake: OutcomeIntake): Promise<OutcomesResult> {
  const envelope = envelopeSchema.safeParse(body);
  if (!envelope.success) {
    throw new Problem('invalid-request', 'the body must be {"outcomes": [1 to 1000 outcomes]}', {
      issues: issuesOf(envelope.error),
    });
  }
  const seen = new Set<string>();
  const { outcomes } = envelope.data;
  const rejections = await Promise.all(outcomes.map((item) => acceptOne(item, seen, intake)));
  const rejected = rejections.flatMap((rejection, index) =>
    rejection === null ? [] : [{ index, id: idOf(outcomes[index]), ...rejection }],
  );
  return { accepted: outcomes.length - rejected.length, rejected };
}

async function acceptOne(item: unknown, seen: Set<string>, intake: OutcomeIntake): Promise<Rejection | null> {
  const parsed = outcomeSchema.safeParse(item);
  if (!parsed.success) {
    const issues = issuesOf(parsed.error).map(
      ({ path, message }) => `${path === '' ? 'the outcome' : path}: ${message}`,
    );
    return { code: 'invalid', message: issues.join('; ') };
  }
  const reported = parsed.data;
  const at = reported.at === undefined ? intake.now : Date.parse(reported.at);
  const rejection = problemOf(reported, at, intake);
  if (rejection !== null) return rejection;
  if (seen.has(reported.id))
    return { code: 'duplicate', message: 'this id stands earlier in the batch; the first one counts' };
  seen.add(reported.id);
  if (await intake.append(toOutcome(reported, at, intake))) return null;
  return { code: 'not-recorded', message: 'the gateway could not record it: send it again later' };
}

function problemOf(
  { unit, unitId }: ReportedOutcome,
  at: number,
  { tenant, now }: OutcomeIntake,
): Rejection | null {
  if (at > now + MAX_FUTURE_MS) {
    return {
      code: 'in-the-future',
      message: '/at: more than 5 minutes ahead of the gateway: check your clock',
    };
  }
  if (at < now - MAX_PAST_MS) return { code: 'too-old', message: '/at: more than 30 days ago' };
  if (unit === 'tenant' && unitId !== undefined && unitId !== tenant) {
    return {
      code: 'wrong-unit',
      message: '/unitId: an outcome of the unit "tenant" is your own: leave the id out',
    };
  }
  if (unit !== 'tenant' && unitId === undefined)
    return { code: 'invalid', message: '/unitId: say which unit it was' };
  return null;
}

function toOutcome(
  reported: ReportedOutcome,
  at: number,
  { tenant, tenantKey, now }: OutcomeIntake,
): Outcome {
  return {
    id: reported.id,
    tenant,
    at,
    receivedAt: now,
    event: reported.event,
    unitType: reported.unit,
    unit: pseudonym(tenantKey, reported.unitId ?? tenant),
    value: reported.value ?? null,
    requestId: reported.requestId ?? null,
  };
}

/** The id that the caller gave, if it is one that may be repeated to him. */
function idOf(item: unknown): string | null {
  const id = typeof item === 'object' && item !== null && 'id' in item ? item.id : null;
  return typeof id === 'string' && id.length <= 200 ? id : null;
}
