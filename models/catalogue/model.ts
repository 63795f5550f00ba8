import { z } from 'zod';

const catalogueKey = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._-]{0,62}$/,
    'must be 1–63 of a–z, 0–9, dot, dash and underscore, and begin with a letter or digit',
  );

/** Something that predicts, in any number of versions. */
export const modelSchema = z.strictObject({
  key: catalogueKey,
  name: z.string().max(200).optional(),
  description: z.string().max(2_000).optional(),
});

/** Where a copy of an artifact lies: a file for local work, a bucket in either cloud. */
const artifactUriSchema = z
  .string()
  .max(1_024)
  .regex(
    /^(file:\/\/\/|s3:\/\/[^/]+\/|gs:\/\/[^/]+\/).+$/,
    'must be file:///path, s3://bucket/name or gs://bucket/name',
  );

/** SHA-256 of a whole artifact, 64 lower-case hex digits. */
export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits');

/** One immutable version: the digest is its identity, the URIs are copies of the same bytes. */
export const modelVersionSchema = z.strictObject({
  version: catalogueKey,
  sha256: sha256Schema,
  sizeBytes: z.int().positive(),
  artifacts: z.array(artifactUriSchema).min(1, 'give at least one place where the artifact lies').max(10),
  description: z.string().max(2_000).optional(),
  trainingRun: z.string().max(500).optional(),
});
export type ModelVersion = z.infer<typeof modelVersionSchema>;
