import type { Request, Response } from 'express';
import { z } from 'zod';
import { Problem } from '../problems.ts';
import type { IdentityProvider } from './identity-provider.ts';
import { type Principal, ROLES } from './principal.ts';
import { SealedCookie } from './sealed-cookie.ts';

/** A working day: then the provider is asked again, and with it whether the person still has the role. */
const SESSION_SECONDS = 8 * 60 * 60;
const SIGN_IN_SECONDS = 10 * 60;

const sessionSchema = z.object({
  name: z.string(),
  roles: z.array(z.enum(ROLES)),
  tenant: z.string().nullable(),
});
const signInSchema = z.object({
  state: z.string(),
  nonce: z.string(),
  codeVerifier: z.string(),
  returnTo: z.string(),
});

export interface SignInOptions {
  readonly provider: IdentityProvider;
  readonly secure: boolean;
  /** 32 bytes, the same in every gateway of the installation. */
  readonly key: () => Promise<Uint8Array>;
}

/** How people sign in to the console, and stay signed in. */
export class SignIn {
  readonly provider: IdentityProvider;
  readonly #session: SealedCookie;
  readonly #pending: SealedCookie;

  constructor({ provider, secure, key }: SignInOptions) {
    this.provider = provider;
    this.#session = new SealedCookie({
      name: 'switchyard-session',
      ttlSeconds: SESSION_SECONDS,
      secure,
      key,
    });
    this.#pending = new SealedCookie({
      name: 'switchyard-sign-in',
      ttlSeconds: SIGN_IN_SECONDS,
      secure,
      key,
    });
  }

  /** Sends the browser to the provider; it comes back to `returnTo` in the end. */
  async begin(response: Response, returnTo: string): Promise<void> {
    const { url, state } = await this.provider.beginSignIn();
    await this.#pending.set(response, { ...state, returnTo });
    response.redirect(url.href);
  }

  /** The browser is back: gives it a session, or throws `unauthenticated` or `forbidden`. */
  async finish(request: Request, response: Response): Promise<void> {
    const pending = signInSchema.safeParse(await this.#pending.get(request));
    this.#pending.clear(response);
    if (!pending.success)
      throw new Problem('unauthenticated', 'this sign-in was not begun here, or is over: try again');
    const { search } = new URL(request.originalUrl, 'http://gateway');
    const { name, roles, tenant } = await this.provider.finishSignIn(search, pending.data);
    await this.#session.set(response, { name, roles: [...roles], tenant });
    response.redirect(pending.data.returnTo);
  }

  /** Who is signed in, or null. */
  async principal(request: Request): Promise<Principal | null> {
    const session = sessionSchema.safeParse(await this.#session.get(request));
    if (!session.success) return null;
    const { name, roles, tenant } = session.data;
    return { name, roles: new Set(roles), tenant, key: 'session' };
  }

  end(response: Response): void {
    this.#session.clear(response);
  }
}
