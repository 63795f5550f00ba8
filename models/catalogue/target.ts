import { z } from 'zod';
import { modelSchema } from './model.ts';

const httpUrlSchema = z
  .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
  .max(2_048)
  .refine((text) => !URL.canParse(text) || (new URL(text).username === '' && new URL(text).hash === ''), {
    message: 'must not carry credentials or a fragment: name the secret in "apiKeyEnv"',
  });

const versionReference = z
  .string()
  .regex(
    /^@?[a-z0-9][a-z0-9._-]{0,62}$/,
    'must be a version, or @ and an alias of the model: 1–63 of a–z, 0–9, dot, dash and underscore',
  )
  .meta({ description: 'A version, or `@alias`: whatever version that names at the time' });

const place = {
  key: modelSchema.shape.key,
  model: modelSchema.shape.key.optional(),
  version: versionReference.optional(),
  cloud: z.enum(['aws', 'gcp', 'local']),
  region: z.string().min(1).max(64),
  timeoutMs: z.int().min(1).max(600_000).optional().meta({ description: 'Longest one attempt may take, ms' }),
  apiKeyEnv: z
    .string()
    .regex(/^SWITCHYARD_TARGET_[A-Z0-9_]{1,64}$/, 'must name an environment variable SWITCHYARD_TARGET_…')
    .optional()
    .meta({ description: 'Environment variable that holds the bearer token this target expects' }),
};

const { apiKeyEnv: _none, model: _model, version: _version, ...inProcess } = place;
const named = { model: modelSchema.shape.key, version: versionReference };

/**
 * One place where one model version answers: cloud, region and how.
 * - `onnx`: in this gateway's own worker threads.
 * - `oip`: a server of the Open Inference Protocol v2 (a Switchyard runner, Triton, KServe).
 * - `http`: any HTTP host, reached through `/v1/proxy` only; model and version are labels.
 */
export const targetSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('onnx'), ...inProcess, ...named }),
  z.strictObject({ kind: z.literal('oip'), ...place, ...named, url: httpUrlSchema }),
  z.strictObject({ kind: z.literal('http'), ...place, url: httpUrlSchema }),
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
