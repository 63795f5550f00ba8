import { z } from 'zod';
import { issuesOf } from '../../experiments/issue.ts';
import { Problem } from '../problems.ts';

const MAX_ITEMS = 1_000;
/** A tenant's clock may run ahead of ours by this much. */
const MAX_FUTURE_MS = 5 * 60_000;
/** And a report may come in this late. */
const MAX_PAST_MS = 30 * 24 * 60 * 60_000;

/** Half of a surrogate pair cannot be written as UTF-8: the record that holds it would be lost on its way. */
export const reportedText = (maxChars: number) =>
  z
    .string()
    .min(1)
    .max(maxChars)
    .refine(
      (value) => value.isWellFormed(),
      'must be well-formed Unicode: it holds half of a surrogate pair',
    );

/** Fields that every reported record has. */
export const reportedFields = {
  id: reportedText(200).meta({
    description: 'Chosen by the caller; the same id counts once, whenever it comes',
  }),
  unitId: reportedText(1_000)
    .optional()
    .meta({ description: 'Id of the unit; not needed where the unit is the tenant' }),
  at: z.iso.datetime({ offset: true }).optional().meta({
    description:
      'When it happened, with Z or an offset: at most 30 days ago and 5 minutes ahead; now unless given',
  }),
};

/** A batch under its one field: `{"outcomes": [...]}`. */
export function batchSchema<Item extends z.ZodType>(name: string, item: Item) {
  return z.strictObject({
    [name]: z.array(item).min(1).max(MAX_ITEMS, `a batch holds at most ${MAX_ITEMS} ${name}: split it`),
  });
}

/** Why an item was not taken. */
export interface Rejection {
  readonly code:
    | 'invalid'
    | 'too-old'
    | 'in-the-future'
    | 'wrong-unit'
    | 'unknown-experiment'
    | 'unknown-variant'
    | 'override'
    | 'duplicate'
    | 'not-recorded';
  readonly message: string;
}

/** Why one item of a batch was not taken; the others were. */
interface RejectedItem extends Rejection {
  /** Position in the batch, from 0. */
  readonly index: number;
  readonly id: string | null;
}

export interface BatchResult {
  readonly accepted: number;
  readonly rejected: readonly RejectedItem[];
}

/** The items of a batch, to be judged one by one, so that a bad one costs only itself. Throws Problem. */
export function itemsOf(name: string, body: unknown): readonly unknown[] {
  const envelope = batchSchema(name, z.unknown()).safeParse(body);
  if (envelope.success) return envelope.data[name] ?? [];
  throw new Problem('invalid-request', `the body must be {"${name}": [1 to ${MAX_ITEMS} ${name}]}`, {
    issues: issuesOf(envelope.error),
  });
}

/** What becomes of one item that has the right shape. */
export interface Intake<Item, Record> {
  /** The record that an item makes, or why it makes none. */
  readonly recordOf: (item: Item) => { readonly record: Record } | Rejection;
  /** Resolves once the record is where it is safe; with false when it could not be. */
  readonly append: (record: Record) => Promise<boolean>;
}

/** Takes items, each for itself; what is accepted is recorded when this resolves. */
export async function takeBatch<Item extends { readonly id: string }, Record>(
  items: readonly unknown[],
  schema: z.ZodType<Item>,
  intake: Intake<Item, Record>,
): Promise<BatchResult> {
  const seen = new Set<string>();
  const rejections = await Promise.all(items.map((item) => takeOne(item, schema, { ...intake, seen })));
  const rejected = rejections.flatMap((rejection, index) =>
    rejection === null ? [] : [{ index, id: idOf(items[index]), ...rejection }],
  );
  return { accepted: items.length - rejected.length, rejected };
}

async function takeOne<Item extends { readonly id: string }, Record>(
  item: unknown,
  schema: z.ZodType<Item>,
  { recordOf, append, seen }: Intake<Item, Record> & { readonly seen: Set<string> },
): Promise<Rejection | null> {
  const parsed = schema.safeParse(item);
  if (!parsed.success) {
    const issues = issuesOf(parsed.error).map(
      ({ path, message }) => `${path === '' ? 'the item' : path}: ${message}`,
    );
    return { code: 'invalid', message: issues.join('; ') };
  }
  const made = recordOf(parsed.data);
  if ('code' in made) return made;
  if (seen.has(parsed.data.id))
    return { code: 'duplicate', message: 'this id stands earlier in the batch; the first one counts' };
  seen.add(parsed.data.id);
  if (await append(made.record)) return null;
  return { code: 'not-recorded', message: 'the gateway could not record it: send it again later' };
}

/** When a report says it happened, ms since the epoch. */
export function reportedAt(at: string | undefined, now: number): number {
  return at === undefined ? now : Date.parse(at);
}

/** What is wrong with the time or the unit of a report, if anything. `now`: ms since the epoch. */
export function reportProblem(
  report: { readonly unit: string; readonly unitId?: string | undefined; readonly at?: string | undefined },
  { tenant, now }: { readonly tenant: string; readonly now: number },
): Rejection | null {
  const { unit, unitId } = report;
  const at = reportedAt(report.at, now);
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
      message: '/unitId: what the unit "tenant" did is your own: leave the id out',
    };
  }
  if (unit !== 'tenant' && unitId === undefined)
    return { code: 'invalid', message: '/unitId: say which unit it was' };
  return null;
}

/** The id that the caller gave, if it is one that may be repeated to him. */
function idOf(item: unknown): string | null {
  const id = typeof item === 'object' && item !== null && 'id' in item ? item.id : null;
  return typeof id === 'string' && id.length <= 200 ? id : null;
}
