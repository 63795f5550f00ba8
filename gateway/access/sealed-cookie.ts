import { parseCookie } from 'cookie';
import type { Request, Response } from 'express';
import { EncryptJWT, errors, type JWTPayload, jwtDecrypt } from 'jose';

export interface SealedCookieOptions {
  readonly name: string;
  readonly ttlSeconds: number;
  /** Whether browsers reach the gateway by https: only then is the cookie bound to it by its name. */
  readonly secure: boolean;
  /** 32 bytes, the same in every gateway of the installation. */
  readonly key: () => Promise<Uint8Array>;
}

/**
 * State that a browser keeps for the gateway: encrypted and authenticated (A256GCM), out of reach of scripts, sent
 * along from the same site only. So no gateway has to remember who is signed in.
 */
export class SealedCookie {
  readonly #options: SealedCookieOptions;
  readonly #name: string;

  constructor(options: SealedCookieOptions) {
    this.#options = options;
    // The prefix makes browsers refuse it from a subdomain or over http (RFC 6265bis, 4.1.3.2).
    this.#name = options.secure ? `__Host-${options.name}` : options.name;
  }

  async set(response: Response, content: JWTPayload): Promise<void> {
    const { ttlSeconds, secure, key } = this.#options;
    const sealed = await new EncryptJWT(content)
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', typ: this.#options.name })
      .setIssuedAt()
      .setExpirationTime(`${ttlSeconds} s`)
      .encrypt(await key());
    response.cookie(this.#name, sealed, {
      httpOnly: true,
      sameSite: 'lax',
      secure,
      path: '/',
      maxAge: ttlSeconds * 1_000,
    });
  }

  /** What was set, or null: there is none, it is over, or it was not made here. */
  async get(request: Request): Promise<JWTPayload | null> {
    const sealed = parseCookie(request.headers.cookie ?? '')[this.#name];
    if (sealed === undefined) return null;
    try {
      const { payload, protectedHeader } = await jwtDecrypt(sealed, await this.#options.key());
      return protectedHeader.typ === this.#options.name ? payload : null;
    } catch (error) {
      if (error instanceof errors.JOSEError) return null;
      throw error;
    }
  }

  clear(response: Response): void {
    response.clearCookie(this.#name, {
      httpOnly: true,
      sameSite: 'lax',
      secure: this.#options.secure,
      path: '/',
    });
  }
}
