import { parseSetCookie, stringifyCookie } from 'cookie';

/** As much of a browser as signing in takes: cookies by origin, redirects, and forms with one submit button. */
export class Browser {
  readonly #jars = new Map<string, Map<string, string>>();

  /** One exchange, with the cookies of its origin; redirects are not followed. */
  async send(url: string, init: RequestInit = {}): Promise<Response> {
    const { origin } = new URL(url);
    const jar = this.#jars.get(origin) ?? new Map<string, string>();
    this.#jars.set(origin, jar);
    const headers = new Headers(init.headers);
    if (jar.size > 0) headers.set('cookie', stringifyCookie(Object.fromEntries(jar)));
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const { name, value = '', maxAge, expires } = parseSetCookie(line);
      const over = maxAge === 0 || (expires !== undefined && expires.getTime() <= Date.now());
      if (over) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }

  /** Follows redirects until something else comes, or until one leads to `stopAt`. */
  async follow(
    url: string,
    init: RequestInit = {},
    stopAt?: string,
  ): Promise<{ url: string; response: Response }> {
    const response = await this.send(url, init);
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || location === null) return { url, response };
    const next = new URL(location, url).href;
    return stopAt !== undefined && next.startsWith(stopAt)
      ? { url: next, response }
      : this.follow(next, {}, stopAt);
  }

  cookies(origin: string): ReadonlyMap<string, string> {
    return this.#jars.get(origin) ?? new Map();
  }
}
