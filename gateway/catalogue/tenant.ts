import { z } from 'zod';
import { keySchema } from '../../experiments/key.ts';

const attributeSchema = z.union([
  z.string().max(1_000),
  z.number(),
  z.boolean(),
  z.null(),
  z.array(z.union([z.string().max(1_000), z.number(), z.boolean()])).max(1_000),
]);

/** A customer who calls the gateway. Audiences see `attributes` as `tenant.<name>`; a request cannot set them. */
export const tenantSchema = z.strictObject({
  key: keySchema,
  name: z.string().max(200).optional(),
  attributes: z
    .record(
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, 'must be a letter, then letters, digits, _'),
      attributeSchema,
    )
    .default({})
    .refine(
      (attributes) => !('key' in attributes),
      'must not define "key": tenant.key is the tenant\'s own key',
    ),
});
export type Tenant = z.infer<typeof tenantSchema>;

/** What an operator gives to make an API key; the secret is answered once and only its digest is kept. */
export const apiKeyRequestSchema = z.strictObject({ name: z.string().min(1).max(200) });

/**
 * What is kept of an API key. `digest` is the SHA-256 of the secret, hex: the secret has 256 random bits, so a plain
 * digest cannot be guessed back.
 */
export const storedApiKeySchema = z.object({
  id: z.string(),
  tenant: z.string(),
  name: z.string(),
  digest: z.string().length(64),
});
