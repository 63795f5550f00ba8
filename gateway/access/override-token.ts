import { hkdfSync } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { keySchema } from '../../experiments/key.ts';

/** The header that carries one, on every route of the data plane. */
export const OVERRIDE_HEADER = 'x-switchyard-override';

const ALGORITHM = 'HS256';
/** Keeps tokens apart from whatever else may come to be signed with the same key. */
const TYPE = 'switchyard-override';

const contentSchema = z.object({ jti: z.string(), variants: z.record(keySchema, keySchema) });

/** Variants that a tester gets, whatever the draw says: of whom, until when, and who asked. */
export interface Override {
  readonly id: string;
  readonly tenant: string;
  /** Experiment → variant. */
  readonly variants: Readonly<Record<string, string>>;
  readonly by: string;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
}

/** What a token forces, or why it is not taken. */
export type ReadOverride =
  | { readonly ok: true; readonly id: string; readonly variants: ReadonlyMap<string, string> }
  | { readonly ok: false; readonly reason: 'expired' | 'invalid' };

/**
 * A JSON Web Token (RFC 7519) that says so, signed under the tenant's own key, which every gateway has and no tenant:
 * another tenant's gateway key does not verify it, and it ends with the key.
 */
export function signOverride(override: Override, tenantKey: Buffer): Promise<string> {
  const { id, tenant, variants, by, expiresAt } = override;
  return new SignJWT({ variants })
    .setProtectedHeader({ alg: ALGORITHM, typ: TYPE })
    .setJti(id)
    .setSubject(by)
    .setAudience(tenant)
    .setExpirationTime(expiresAt)
    .sign(signingKey(tenantKey));
}

/** Reads a token as this tenant sends it. `now`: milliseconds since the epoch. */
export async function readOverride(
  token: string,
  { tenant, tenantKey, now }: { readonly tenant: string; readonly tenantKey: Buffer; readonly now: number },
): Promise<ReadOverride> {
  try {
    const { payload } = await jwtVerify(token, signingKey(tenantKey), {
      algorithms: [ALGORITHM],
      typ: TYPE,
      audience: tenant,
      requiredClaims: ['exp'],
      currentDate: new Date(now),
    });
    const { jti, variants } = contentSchema.parse(payload);
    return { ok: true, id: jti, variants: new Map(Object.entries(variants)) };
  } catch (error) {
    if (error instanceof errors.JWTExpired) return { ok: false, reason: 'expired' };
    if (error instanceof errors.JOSEError) return { ok: false, reason: 'invalid' };
    throw error;
  }
}

/** A key of its own (RFC 5869): nothing that pseudonymises an id under the tenant's key can sign a token. */
function signingKey(tenantKey: Buffer): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', tenantKey, '', TYPE, 32));
}
