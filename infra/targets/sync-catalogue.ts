import { isDeepStrictEqual } from 'node:util';
import type { Catalogue } from '../catalogue.ts';

export interface GatewayAdmin {
  /** Root of the gateway, without `/admin/v1`. */
  readonly url: string;
  readonly adminKey: string;
}

export interface Synced {
  readonly path: string;
  readonly outcome: 'created' | 'changed' | 'unchanged';
}

/** One of `total`, after `done` of them. */
export interface SyncedOf extends Synced {
  readonly done: number;
  readonly total: number;
}

/** What the gateway says of a resource beside what was registered. */
const OWN_FIELDS = ['revision', 'createdAt', 'updatedAt'];

/** Times that a change is tried again after somebody else's came between reading and writing. */
const MAX_TRIES = 3;

type Value = Readonly<Record<string, unknown>>;

/**
 * Brings the gateway's catalogue to what a stack has placed: creates what is missing, changes what differs, and
 * leaves alone what the stack does not speak of, fields that an operator has added among it. Running it again
 * changes nothing. Deletes nothing: an experiment may stand on it.
 * Each is reported as soon as it is done. Throws with the gateway's own words when it refuses, and when a version's
 * bytes are not those registered.
 */
export async function syncCatalogue(
  { models, versions, targets }: Catalogue,
  admin: GatewayAdmin,
  onSynced: (one: SyncedOf) => void = () => undefined,
): Promise<readonly Synced[]> {
  const steps = [
    ...models.map((model) => () => syncOne(admin, 'models', 'key', model)),
    ...versions.map(
      ({ model, ...version }) =>
        () =>
          syncVersion(admin, `models/${model}/versions`, version),
    ),
    ...targets.map((target) => () => syncOne(admin, 'targets', 'key', target)),
  ];
  const synced: Synced[] = [];
  for (const step of steps) {
    const one = await step();
    synced.push(one);
    onSynced({ ...one, done: synced.length, total: steps.length });
  }
  return synced;
}

async function syncOne(
  admin: GatewayAdmin,
  collection: string,
  keyField: string,
  wanted: Value,
): Promise<Synced> {
  const path = `${collection}/${wanted[keyField]}`;
  for (let attempt = 1; ; attempt++) {
    const current = await read(admin, path);
    if (current === null) {
      await write(admin, { method: 'POST', path: collection, value: wanted });
      return { path, outcome: 'created' };
    }
    const next = { ...current.value, ...wanted };
    if (isDeepStrictEqual(next, current.value)) return { path, outcome: 'unchanged' };
    const status = await write(admin, { method: 'PUT', path, value: next, ifMatch: current.etag });
    if (status !== 412) return { path, outcome: 'changed' };
    if (attempt === MAX_TRIES)
      throw new Error(`${path} was changed by others ${MAX_TRIES} times: run it again`);
  }
}

/** A version never changes: it is there with the same bytes, or somebody else has taken its name. */
async function syncVersion(admin: GatewayAdmin, collection: string, wanted: Value): Promise<Synced> {
  const path = `${collection}/${wanted['version']}`;
  const current = await read(admin, path);
  if (current === null) {
    await write(admin, { method: 'POST', path: collection, value: wanted });
    return { path, outcome: 'created' };
  }
  if (current.value['sha256'] === wanted['sha256']) return { path, outcome: 'unchanged' };
  throw new Error(
    `${path} is registered with sha256 ${current.value['sha256']} and the stack says ${wanted['sha256']}: ` +
      'a version never changes, give the new file a version of its own',
  );
}

async function read(
  admin: GatewayAdmin,
  path: string,
): Promise<{ readonly value: Value; readonly etag: string } | null> {
  const response = await ask(admin, path, { method: 'GET' });
  if (response.status === 404) return null;
  if (!response.ok) throw await refusal(response, `GET ${path}`);
  const body = (await response.json()) as Record<string, unknown>;
  const value = Object.fromEntries(Object.entries(body).filter(([field]) => !OWN_FIELDS.includes(field)));
  return { value, etag: response.headers.get('etag') ?? '*' };
}

async function write(
  admin: GatewayAdmin,
  {
    method,
    path,
    value,
    ifMatch,
  }: {
    readonly method: 'POST' | 'PUT';
    readonly path: string;
    readonly value: Value;
    readonly ifMatch?: string;
  },
): Promise<number> {
  const response = await ask(admin, path, {
    method,
    body: JSON.stringify(value),
    headers: { 'content-type': 'application/json', ...(ifMatch !== undefined && { 'if-match': ifMatch }) },
  });
  if (!response.ok && response.status !== 412) throw await refusal(response, `${method} ${path}`);
  return response.status;
}

function ask(
  { url, adminKey }: GatewayAdmin,
  path: string,
  init: {
    readonly method: string;
    readonly body?: string;
    readonly headers?: Readonly<Record<string, string>>;
  },
): Promise<Response> {
  return fetch(`${url.replace(/\/$/, '')}/admin/v1/${path}`, {
    ...init,
    headers: { ...init.headers, authorization: `Bearer ${adminKey}` },
    redirect: 'error',
    signal: AbortSignal.timeout(30_000),
  });
}

async function refusal(response: Response, what: string): Promise<Error> {
  return new Error(`${what} was answered ${response.status}: ${(await response.text()).slice(0, 2_000)}`);
}
