import { Agent, request } from 'undici';
import { isPublicAddress, publicLookup } from './public-address.ts';
import type { SignedHeaders } from './sign-message.ts';

const TIMEOUT_MS = 10_000;

/** What came of one attempt. */
export interface SendResult {
  readonly ok: boolean;
  readonly status: number | null;
  readonly error: string | null;
}

export type SendMessage = (url: string, body: string, headers: SignedHeaders) => Promise<SendResult>;

/**
 * Posts messages to addresses that anybody could reach, by https, following no redirect; with `allowPrivate` also to
 * private ones and by http. Whatever goes wrong is a result.
 */
export function messageSender({ allowPrivate }: { readonly allowPrivate: boolean }): {
  readonly send: SendMessage;
  readonly close: () => Promise<void>;
} {
  const agent = new Agent({
    connect: { timeout: TIMEOUT_MS, ...(allowPrivate ? {} : { lookup: publicLookup }) },
  });
  const send: SendMessage = async (text, body, headers) => {
    const url = new URL(text);
    const refused = allowPrivate ? null : refusalOf(url);
    if (refused !== null) return { ok: false, status: null, error: refused };
    try {
      const answer = await request(url, {
        method: 'POST',
        dispatcher: agent,
        body,
        headers: { ...headers, 'content-type': 'application/json', 'user-agent': 'switchyard-webhooks' },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await answer.body.dump();
      const ok = answer.statusCode >= 200 && answer.statusCode < 300;
      return { ok, status: answer.statusCode, error: ok ? null : `answered ${answer.statusCode}` };
    } catch (error) {
      return { ok: false, status: null, error: error instanceof Error ? error.message : String(error) };
    }
  };
  return { send, close: () => agent.close() };
}

/** What a name leads to is looked at when it is connected to; an address can be looked at here. */
function refusalOf({ protocol, hostname }: URL): string | null {
  if (protocol !== 'https:') return 'only https:// is sent to (WEBHOOKS_ALLOW_PRIVATE)';
  const literal = hostname.replace(/^\[|\]$/g, '');
  const isAddress = /^[\d.]+$/.test(literal) || literal.includes(':');
  return isAddress && !isPublicAddress(literal) ? `${hostname} is not a public address` : null;
}
