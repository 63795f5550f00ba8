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
export const hostAuthSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('header'),
    name: z.string().regex(/^[a-z0-9-]{1,64}$/, 'must be a header name in lower case'),
    env: targetSecretNameSchema,
  }),
  z.strictObject({ kind: z.literal('google-id-token'), audience: z.string().min(1).max(500).optional() }),
]);

/**
 * The same for a target whose requests are whole before they are sent:
 * - `aws-signature`: an API of Amazon API Gateway that asks for IAM, in the target's region. Each request is signed
 *   (Signature Version 4, service `execute-api`), its body included.
 */
export const targetAuthSchema = z.discriminatedUnion('kind', [
  ...hostAuthSchema.options,
  z.strictObject({ kind: z.literal('aws-signature') }),
]);
export type TargetAuth = z.infer<typeof targetAuthSchema>;

/** Environment variables that hold paths of PEM files. A file that changes is read again within a minute. */
export const targetTlsSchema = z.strictObject({
  certFileEnv: targetSecretNameSchema.optional(),
  keyFileEnv: targetSecretNameSchema.optional(),
  caFileEnv: targetSecretNameSchema.optional(),
});
export type TargetTls = z.infer<typeof targetTlsSchema>;
