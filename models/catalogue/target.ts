import { z } from 'zod';
import { modelSchema } from './model.ts';
import {
  hostAuthSchema,
  targetAuthSchema,
  targetSecretNameSchema,
  targetTlsSchema,
} from './target-credentials.ts';

const httpUrlSchema = z
  .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
  .max(2_048)
  .refine((text) => !URL.canParse(text) || (new URL(text).username === '' && new URL(text).hash === ''), {
    message: 'must not carry credentials or a fragment: name the secret in "apiKeyEnv" or "auth"',
  });

const versionReference = z
  .string()
  .regex(
    /^@?[a-z0-9][a-z0-9._-]{0,62}$/,
    'must be a version, or @ and an alias of the model: 1–63 of a–z, 0–9, dot, dash and underscore',
  )
  .meta({ description: 'A version, or `@alias`: whatever version that names at the time' });

const inProcess = {
  key: modelSchema.shape.key,
  cloud: z.enum(['aws', 'gcp', 'local']),
  region: z.string().min(1).max(64),
  timeoutMs: z.int().min(1).max(600_000).optional().meta({ description: 'Longest one attempt may take, ms' }),
  firstByteTimeoutMs: z
    .int()
    .min(1)
    .max(600_000)
    .optional()
    .meta({ description: 'Longest wait for the beginning of an answer, ms' }),
  pricePerRequest: z
    .number()
    .min(0)
    .max(1_000)
    .optional()
    .meta({ description: 'What one request costs, in the currency of the installation' }),
};

const served = { model: modelSchema.shape.key, version: versionReference };

/** How a host on the network is reached. */
const reached = {
  url: httpUrlSchema,
  apiKeyEnv: targetSecretNameSchema
    .optional()
    .meta({ description: 'Environment variable that holds the bearer token this target expects' }),
  auth: targetAuthSchema.optional(),
  tls: targetTlsSchema.optional(),
};

/** What a body says: `oip`, the Open Inference Protocol; `instances`, `{instances}` → `{predictions}`. */
const formatSchema = z.enum(['oip', 'instances']).default('oip');

const cloudName = z.string().regex(/^[A-Za-z0-9-]{1,63}$/, 'must be 1–63 letters, digits and dashes');

/**
 * One place where one model version answers: cloud, region and how.
 * - `onnx`: in this gateway's own worker threads.
 * - `oip`: a server of the Open Inference Protocol v2 (a Switchyard runner, Triton, KServe).
 * - `predict`: a server of TensorFlow Serving's and KServe's v1 `:predict`.
 * - `sagemaker`: a SageMaker endpoint; requests are signed with the credentials of AWS's default chain.
 * - `vertex`: a Vertex AI endpoint; `oip` goes to `:rawPredict`, `instances` to `:predict`, with an access token
 *   of Google's default chain.
 * - `http`: any HTTP host, reached through `/v1/proxy` only; model and version are labels.
 */
export const targetSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('onnx'), ...inProcess, ...served }),
  z.strictObject({ kind: z.literal('oip'), ...inProcess, ...served, ...reached }),
  z.strictObject({ kind: z.literal('predict'), ...inProcess, ...served, ...reached }),
  z.strictObject({
    kind: z.literal('sagemaker'),
    ...inProcess,
    ...served,
    cloud: z.literal('aws'),
    endpointName: cloudName,
    targetVariant: cloudName.optional().meta({ description: 'Production variant of the endpoint' }),
    format: formatSchema,
    url: httpUrlSchema.optional().meta({ description: 'Instead of the public one of the region' }),
  }),
  z.strictObject({
    kind: z.literal('vertex'),
    ...inProcess,
    ...served,
    cloud: z.literal('gcp'),
    project: cloudName,
    endpointId: cloudName,
    format: formatSchema,
    url: httpUrlSchema.optional().meta({ description: 'Instead of the public one of the region' }),
  }),
  z.strictObject({
    kind: z.literal('http'),
    ...inProcess,
    model: served.model.optional(),
    version: served.version.optional(),
    ...reached,
    auth: hostAuthSchema.optional(),
  }),
]);
export type Target = z.infer<typeof targetSchema>;

/** The targets with the same model version in another cloud than `target`, in the order given. */
export function twinsOf(target: Target, targets: Iterable<Target>): Target[] {
  if (target.model === undefined || target.version === undefined) return [];
  return [...targets].filter(
    (other) =>
      other.cloud !== target.cloud &&
      other.model === target.model &&
      other.version === target.version &&
      (other.kind === 'http') === (target.kind === 'http'),
  );
}
