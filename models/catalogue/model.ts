import { z } from 'zod';
import { errorBody } from '../codecs/input-problem.ts';
import { decodeInferRequest } from '../codecs/open-inference.ts';
import { DATATYPES } from '../codecs/tensor.ts';

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

const tensorSpecSchema = z.strictObject({
  name: z.string().min(1).max(200),
  datatype: z.enum(DATATYPES),
  shape: z.array(z.int().min(-1)).max(16),
});

/** Inputs and outputs; -1 stands for a dimension that the request chooses. */
const signatureSchema = z.strictObject({
  inputs: z.array(tensorSpecSchema).max(256),
  outputs: z.array(tensorSpecSchema).min(1).max(256),
});

/** How the versions of a model share the threads that run them. */
const servingSchema = z.strictObject({
  maxBatchSize: z.int().min(1).max(1_024).optional().meta({
    description:
      'Most rows that are run together; 1: never more than one request at a time. Unless given, 64 for a model whose rows proved to be independent',
  }),
  queueLimit: z.int().min(1).max(100_000).optional().meta({ description: 'Requests that may wait' }),
  queueTimeoutMs: z.int().min(1).max(600_000).optional().meta({
    description: 'Longest that a request may wait for its turn, ms',
  }),
  priority: z.int().min(1).max(100).optional().meta({
    description: 'Share of the threads while models compete, relative to the others, which have 1',
  }),
});
export type Serving = z.infer<typeof servingSchema>;

/** An Ed25519 signature over the UTF-8 text `model/version:sha256`, and the name of the key that made it. */
const attestationSchema = z.strictObject({
  key: z.string().regex(/^[a-z0-9_]{1,64}$/, 'must be 1–64 of a–z, 0–9 and underscore'),
  ed25519: z.base64().length(88, 'must be the base64 of 64 bytes'),
});
export type Attestation = z.infer<typeof attestationSchema>;

/** The inputs of a recorded request as tensors. */
export function decodeExample(inputs: unknown): ReturnType<typeof decodeInferRequest> {
  return decodeInferRequest({ bytes: Buffer.from(JSON.stringify({ inputs })), jsonBytes: null });
}

function describeExample(inputs: unknown): string {
  const decoded = decodeExample(inputs);
  return decoded.ok ? '' : errorBody(decoded.problems).error;
}

/** One immutable version: the digest is its identity, the URIs are copies of the same bytes. */
export const modelVersionSchema = z.strictObject({
  version: catalogueKey,
  sha256: sha256Schema,
  sizeBytes: z.int().positive(),
  artifacts: z.array(artifactUriSchema).min(1, 'give at least one place where the artifact lies').max(10),
  description: z.string().max(2_000).optional(),
  trainingRun: z.string().max(500).optional(),
  signature: signatureSchema
    .optional()
    .meta({ description: 'What it takes and gives; an artifact with another signature is not served' }),
  example: z
    .array(z.record(z.string(), z.unknown()))
    .max(256)
    .optional()
    .refine((inputs) => inputs === undefined || decodeExample(inputs).ok, {
      error: ({ input }) => describeExample(input),
    })
    .meta({
      description:
        'Inputs of a recorded request, as the Open Inference Protocol has them: a load is warmed up with them',
    }),
  attestation: attestationSchema.optional(),
  serving: servingSchema.optional(),
  registeredBy: z.string().max(200).optional().meta({ readOnly: true, description: 'Set on registration' }),
});
export type ModelVersion = z.infer<typeof modelVersionSchema>;
