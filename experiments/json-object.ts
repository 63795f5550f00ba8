import { z } from 'zod';

const MAX_CHARS = 65_536;

/** A JSON object of at most 64 Ki characters, whatever is in it. */
export const jsonObjectSchema = z
  .record(z.string(), z.unknown())
  .refine((value) => JSON.stringify(value).length <= MAX_CHARS, {
    message: `must be at most ${MAX_CHARS} characters of JSON: keep large things elsewhere and refer to them`,
  });
export type JsonObject = z.infer<typeof jsonObjectSchema>;
