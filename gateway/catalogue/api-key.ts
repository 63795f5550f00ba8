import { z } from 'zod';
import { keySchema } from '../../experiments/key.ts';
import { ROLES, SCOPES } from '../access/principal.ts';

const name = z.string().min(1).max(200).meta({ description: 'What it is for' });
const expiresAt = z.iso
  .datetime({ offset: true })
  .optional()
  .meta({ description: 'When it stops working; never unless given' });

/** What makes a tenant's API key; the secret is answered once and only its digest is kept. */
export const apiKeyRequestSchema = z.strictObject({
  name,
  scopes: z
    .array(z.enum(SCOPES))
    .min(1)
    .default([...SCOPES])
    .meta({ description: 'What it may be used for; everything on the data plane unless given' }),
  expiresAt,
});

/** What makes a key for automation on the control plane. */
export const serviceKeyRequestSchema = z
  .strictObject({
    name,
    roles: z.array(z.enum(ROLES)).min(1),
    tenant: keySchema.optional().meta({ description: 'The tenant of a tenant-admin' }),
    expiresAt,
  })
  .refine(({ roles, tenant }) => roles.includes('tenant-admin') === (tenant !== undefined), {
    path: ['tenant'],
    message: 'must be given for the role tenant-admin, and for no other',
  });

/** How long the replaced secret goes on working: a day unless given, a month at most. */
export const rotationSchema = z.strictObject({
  overlapSeconds: z.int().min(0).max(2_592_000).default(86_400),
});

/**
 * What is kept of any key. `digest` is the SHA-256 of the secret, hex: the secret has 256 random bits, so a plain
 * digest cannot be guessed back. `previous` is the secret before the last rotation, while it still works.
 */
const stored = {
  id: z.string(),
  name: z.string(),
  digest: z.string().length(64),
  expiresAt: z.string().nullable().default(null),
  previous: z
    .object({ digest: z.string().length(64), validUntil: z.string() })
    .nullable()
    .default(null),
};

export const storedApiKeySchema = z.object({
  ...stored,
  tenant: z.string(),
  scopes: z.array(z.enum(SCOPES)).default([...SCOPES]),
});
export const storedServiceKeySchema = z.object({
  ...stored,
  roles: z.array(z.enum(ROLES)),
  tenant: z.string().nullable().default(null),
});

export type StoredApiKey = z.infer<typeof storedApiKeySchema>;
export type StoredServiceKey = z.infer<typeof storedServiceKeySchema>;
