import { z } from 'zod';

const MAX_CHARS = 65_536;

/** A JSON object of at most 64 Ki characters, whatever is in it. */
export const jsonObjectSchema = z.record(z.string(), z.unknown()).refine(isShort, {
  message: `must be at most ${MAX_CHARS} characters of JSON, and not nest deeper than can be read: keep large things elsewhere and refer to them`,
});
export type JsonObject = z.infer<typeof jsonObjectSchema>;

/** What nests some thousand levels deep cannot be written at all. */
function isShort(value: unknown): boolean {
  try {
    return JSON.stringify(value).length <= MAX_CHARS;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
