/** The admin API as an operator uses it. Every call throws with the gateway's own words when it is refused. */
export interface AdminClient {
  create(path: string, body: unknown): Promise<Readonly<Record<string, unknown>>>;
  act(path: string): Promise<Readonly<Record<string, unknown>>>;
  read(path: string): Promise<Readonly<Record<string, unknown>>>;
}

export function adminClient(gatewayUrl: string, adminKey: string): AdminClient {
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${gatewayUrl}/admin/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} /admin/v1/${path} was answered ${response.status}: ${text}`);
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  };
  return {
    create: (path, body) => call('POST', path, body),
    act: (path) => call('POST', path),
    read: (path) => call('GET', path),
  };
}
