import { z } from 'zod';
import { keySchema } from './key.ts';

/** Longer lists are uploaded, in parts or as a stream. */
const MAX_WRITTEN_VALUES = 10_000;

/** One member of a list. */
const segmentValueSchema = z.union([z.string().max(256), z.number()]);

/**
 * Units that audiences refer to by name: a list of values, for `$inGroup` and `$notInGroup`, or a condition, for
 * `$savedGroup`, which asks a list by its attribute too.
 */
export const segmentSchema = z
  .strictObject({
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
      .optional(),
    condition: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: 'Who belongs to it, in the language of audiences; it may name other segments' }),
  })
  .superRefine(({ values, condition, attribute }, context) => {
    const refuse = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (values !== undefined && condition !== undefined)
      refuse('condition', 'a segment is a list or a condition, not both: move one into a segment of its own');
    if (attribute !== undefined && condition !== undefined)
      refuse('attribute', 'a condition names its attributes itself: remove it');
  });
export type Segment = z.infer<typeof segmentSchema>;
