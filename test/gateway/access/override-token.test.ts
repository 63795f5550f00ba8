import { randomBytes } from 'node:crypto';
import { base64url, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { type Override, readOverride, signOverride } from '../../../gateway/access/override-token.ts';

const NOW = Date.UTC(2026, 10, 24);
const acmeKey = randomBytes(32);
const override: Override = {
  id: 'a-token',
  tenant: 'acme',
  variants: { ranker: 'treatment' },
  by: 'ada',
  expiresAt: NOW / 1_000 + 60,
};
const asAcme = { tenant: 'acme', tenantKey: acmeKey, now: NOW };
const INVALID = { ok: false, reason: 'invalid' };

describe('an override token', () => {
  it('says which variants it forces, to the tenant that it is for', async () => {
    const token = await signOverride(override, acmeKey);
    const read = await readOverride(token, asAcme);
    expect(read).toEqual({ ok: true, id: 'a-token', variants: new Map([['ranker', 'treatment']]) });
  });

  it('is over when its time is', async () => {
    const token = await signOverride(override, acmeKey);
    expect((await readOverride(token, { ...asAcme, now: NOW + 59_000 })).ok).toBe(true);
    const over = await readOverride(token, { ...asAcme, now: NOW + 60_000 });
    expect(over).toEqual({ ok: false, reason: 'expired' });
  });

  it('is worth nothing to another tenant, whoever of the two may have signed it', async () => {
    const token = await signOverride(override, acmeKey);
    const globex = { ...asAcme, tenant: 'globex' };
    expect(await readOverride(token, { ...globex, tenantKey: randomBytes(32) })).toEqual(INVALID);
    expect(await readOverride(token, globex)).toEqual(INVALID);
  });

  it.each(['header', 'content', 'signature'])('is not taken with another %s', async (part) => {
    const parts = (await signOverride(override, acmeKey)).split('.');
    const place = ['header', 'content', 'signature'].indexOf(part);
    const forged = {
      header: base64url.encode(JSON.stringify({ alg: 'none', typ: 'switchyard-override' })),
      content: base64url.encode(
        JSON.stringify({ jti: 'x', aud: 'acme', exp: NOW, variants: { ranker: 'control' } }),
      ),
      signature: base64url.encode(randomBytes(32)),
    }[part];
    const token = parts.with(place, forged ?? '').join('.');
    expect(await readOverride(token, asAcme)).toEqual(INVALID);
  });

  it('cannot be made with the key of pseudonyms itself, nor be a token of another kind', async () => {
    const sign = (typ: string) =>
      new SignJWT({ variants: { ranker: 'control' } })
        .setProtectedHeader({ alg: 'HS256', typ })
        .setAudience('acme')
        .setJti('x')
        .setExpirationTime(NOW / 1_000 + 60)
        .sign(acmeKey);
    expect(await readOverride(await sign('switchyard-override'), asAcme)).toEqual(INVALID);
    expect(await readOverride(await sign('JWT'), asAcme)).toEqual(INVALID);
    expect(await readOverride('no token', asAcme)).toEqual(INVALID);
  });
});
