import { z } from 'zod';

/** Secrets stay in the environment; the configuration only names them. */
export const targetSecretNameSchema = z
  .string()
  .regex(/^SWITCHYARD_TARGET_[A-Z0-9_]{1,64}$/, 'must name an environment variable SWITCHYARD_TARGET_…');

/**
 * What a host asks of its callers beside a bearer token.
 * - `header`: a header whose value is a secret.
 * - `google-id-token`: Cloud Run and whatever stands behind Google's identity checks: a token made out to the
 *   audience, which is the host itself unless given.
 */
export const targetAuthSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('header'),
    name: z.string().regex(/^[a-z0-9-]{1,64}$/, 'must be a header name in lower case'),
    env: targetSecretNameSchema,
  }),
  z.strictObject({ kind: z.literal('google-id-token'), audience: z.string().min(1).max(500).optional() }),
]);

/** Environment variables that hold paths of PEM files. A file that changes is read again within a minute. */
export const targetTlsSchema = z.strictObject({
  certFileEnv: targetSecretNameSchema.optional(),
  keyFileEnv: targetSecretNameSchema.optional(),
  caFileEnv: targetSecretNameSchema.optional(),
});
export type TargetTls = z.infer<typeof targetTlsSchema>;
