import { z } from 'zod';

/** Who is eligible, as it is written; compileAudience says what is in it. Everyone unless given. */
export const audienceSchema = z
  .record(z.string(), z.unknown())
  .default({})
  .meta({ description: 'Who is eligible: a condition in the MongoDB-like targeting language' });
