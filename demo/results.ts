import { z } from 'zod';

/** The interval is null while there are too few units to say anything. */
const effectSchema = z.object({
  estimate: z.number(),
  interval: z.tuple([z.number(), z.number()]).nullable(),
});

/** What the demo reads of `GET /admin/v1/experiments/{key}/results`: a client takes what it needs and no more. */
const resultsSchema = z.object({
  exposures: z.object({
    total: z.number(),
    byVariant: z.record(z.string(), z.object({ exposures: z.number(), units: z.number() })),
  }),
  sampleRatio: z.object({ p: z.number(), ok: z.boolean() }),
  metrics: z.array(
    z.object({
      key: z.string(),
      variants: z.array(z.object({ key: z.string(), n: z.number(), mean: z.number() })),
      comparisons: z.array(
        z.object({
          variant: z.string(),
          absolute: effectSchema,
          lift: effectSchema.nullable(),
          significant: z.boolean(),
        }),
      ),
    }),
  ),
  serving: z.array(
    z.object({
      variant: z.string(),
      cloud: z.string().nullable(),
      exposures: z.number(),
      errors: z.number(),
      fallbacks: z.number(),
      latencyMs: z.object({ p50: z.number(), p95: z.number(), p99: z.number() }),
    }),
  ),
  verdict: z.object({ decision: z.string(), sentence: z.string() }),
});

export type Results = z.infer<typeof resultsSchema>;

/** Reads the results of an experiment. Throws with every field that is not as expected. */
export function readResults(body: unknown): Results {
  const parsed = resultsSchema.safeParse(body);
  if (!parsed.success) throw new Error(`the results are not as expected:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
