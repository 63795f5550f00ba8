import { z } from 'zod';
import { keySchema } from './key.ts';

/** Longer lists are uploaded, in parts or as a stream. */
const MAX_WRITTEN_VALUES = 10_000;

/** One member of a list. */
export const segmentValueSchema = z.union([z.string().max(256), z.number()]);
export type SegmentValue = z.infer<typeof segmentValueSchema>;

const fields = {
  key: keySchema,
  name: z.string().max(200).optional(),
  attribute: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ description: 'The context attribute that a list is of, where `$savedGroup` names no other' }),
  values: z
    .array(segmentValueSchema)
    .max(MAX_WRITTEN_VALUES, `at most ${MAX_WRITTEN_VALUES} values are written here: upload a longer list`)
    .optional()
    .meta({
      description: 'A short list; a longer one is uploaded to the segment, which is then written without',
    }),
  condition: z
    .record(z.string(), z.unknown())
    .optional()
    .meta({ description: 'Who belongs to it, in the language of audiences; it may name other segments' }),
};

/**
 * Units that audiences refer to by name: a list of values, for `$inGroup` and `$notInGroup`, or a condition, for
 * `$savedGroup`, which asks a list by its attribute too. One that is neither is a list that is uploaded.
 */
export const segmentSchema = z.strictObject(fields).superRefine(isListOrCondition);
export type Segment = z.infer<typeof segmentSchema>;

const listSchema = z.strictObject({ id: z.uuid(), count: z.int().min(0) });
/** Which uploaded list a segment has, and how many values that holds. */
export type ListReference = z.infer<typeof listSchema>;

/** A segment as it is stored: what was written, and the list that was uploaded to it. */
export const storedSegmentSchema = z
  .strictObject({ ...fields, list: listSchema.optional() })
  .superRefine(isListOrCondition);
export type StoredSegment = z.infer<typeof storedSegmentSchema>;

/** The list of a stored segment, if it has one. */
export function listReference({ list }: Readonly<Record<string, unknown>>): ListReference[] {
  const parsed = listSchema.safeParse(list);
  return parsed.success ? [parsed.data] : [];
}

function isListOrCondition(
  { values, condition, attribute }: Pick<Segment, 'values' | 'condition' | 'attribute'>,
  context: z.RefinementCtx,
): void {
  const refuse = (path: string, message: string) =>
    context.addIssue({ code: 'custom', path: [path], message });
  if (values !== undefined && condition !== undefined)
    refuse('condition', 'a segment is a list or a condition, not both: move one into a segment of its own');
  if (attribute !== undefined && condition !== undefined)
    refuse('attribute', 'a condition names its attributes itself: remove it');
}
