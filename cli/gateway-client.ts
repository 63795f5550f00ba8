/** A refusal, in the gateway's own words (RFC 9457). */
export class RefusedError extends Error {
  readonly status: number;
  readonly issues: readonly { readonly path: string; readonly message: string }[];

  constructor(status: number, problem: Readonly<Record<string, unknown>>) {
    super(typeof problem['detail'] === 'string' ? problem['detail'] : `the gateway answered ${status}`);
    this.name = 'RefusedError';
    this.status = status;
    this.issues = Array.isArray(problem['issues']) ? problem['issues'] : [];
  }
}

/** There was nobody to ask. */
export class UnreachableError extends Error {
  constructor(url: string, cause: unknown) {
    super(`nobody answers at ${url}: start the gateway, or name another by --url or SWITCHYARD_URL`, {
      cause,
    });
    this.name = 'UnreachableError';
  }
}

interface Asked {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text to send instead of JSON, with its media type. */
  readonly text?: { readonly type: string; readonly content: string };
}

export type Json = Readonly<Record<string, unknown>>;

/** The control plane, as a person at a terminal uses it. */
export interface GatewayClient {
  readonly url: string;
  /** Throws RefusedError or UnreachableError. */
  ask(path: string, asked?: Asked): Promise<Json>;
  /** An answer that is text. */
  askText(path: string, asked?: Asked): Promise<string>;
  /** Every item of a list, page after page. */
  list(path: string): Promise<Json[]>;
}

/** `key` may be empty: what needs one is refused by the gateway, which says so. */
export function gatewayClient(url: string, key: string): GatewayClient {
  const exchange = async (path: string, { method = 'GET', body, headers = {}, text }: Asked = {}) => {
    const content = text?.content ?? (body === undefined ? undefined : JSON.stringify(body));
    const request = {
      method,
      headers: {
        ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
        ...(content === undefined ? {} : { 'content-type': text?.type ?? 'application/json' }),
        ...headers,
      },
      ...(content === undefined ? {} : { body: content }),
    };
    let response: Response;
    try {
      response = await fetch(new URL(path, url), request);
    } catch (cause) {
      throw new UnreachableError(url, cause);
    }
    const answer = await response.text();
    if (response.ok) return answer;
    throw new RefusedError(response.status, parsed(answer));
  };
  const client: GatewayClient = {
    url,
    ask: async (path, asked) => parsed(await exchange(path, asked)),
    askText: exchange,
    list: async (path) => {
      const items: Json[] = [];
      for (let after: string | null = ''; after !== null; ) {
        const cursor: string = after === '' ? '' : `&after=${encodeURIComponent(after)}`;
        const page: Json = await client.ask(`${path}?limit=500${cursor}`);
        items.push(...(page['items'] as Json[]));
        after = (page['next'] as string | null) ?? null;
      }
      return items;
    },
  };
  return client;
}

/** What is no JSON object (nothing, a proxy's page) is as good as an empty one. */
function parsed(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Json) : {};
  } catch {
    return {};
  }
}
