import { z } from 'zod';
import { keySchema } from '../../experiments/key.ts';
import { tenantLimitsSchema } from './limits.ts';

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
  limits: tenantLimitsSchema.optional(),
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
