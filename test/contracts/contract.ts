import type { TestGateway } from '../support/test-gateway.ts';
import { ADMIN_KEY } from '../support/test-gateway.ts';

/** A request as a client once sent it. `{{name}}` stands for what an earlier answer held. */
export interface RecordedRequest {
  readonly name: string;
  readonly as: 'admin' | 'tenant' | 'nobody';
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** What later requests need of the answer: name → dotted path in the body, or `header:<name>`. */
  readonly capture?: Readonly<Record<string, string>>;
}

/** The shape of a JSON value: its type, fields with theirs, or the shape of a list's first item. */
type Shape = string | { readonly [field: string]: Shape } | readonly Shape[];

export interface RecordedAnswer {
  readonly status: number;
  readonly contentType: string | null;
  /** Names of headers that clients rely on. */
  readonly headers: readonly string[];
  readonly body: Shape;
}

export interface Exchange {
  readonly request: RecordedRequest;
  readonly answer: RecordedAnswer;
}

const RELIED_ON = [
  'etag',
  'location',
  'www-authenticate',
  'x-request-id',
  'cache-control',
  'idempotency-replayed',
];

/** Sends recorded requests one after another, as the client did, and gives each answer's shape. */
export async function replay(
  gateway: TestGateway,
  requests: readonly RecordedRequest[],
): Promise<RecordedAnswer[]> {
  const known = new Map<string, string>([['admin', ADMIN_KEY]]);
  const answers: RecordedAnswer[] = [];
  for (const request of requests) {
    const filled = JSON.parse(
      JSON.stringify(request).replace(/\{\{(\w+)\}\}/g, (_all, name) =>
        JSON.stringify(known.get(name) ?? '').slice(1, -1),
      ),
    ) as RecordedRequest;
    const response = await fetch(`${gateway.url}${filled.path}`, {
      method: filled.method,
      headers: {
        'content-type': 'application/json',
        ...(filled.as === 'nobody' ? {} : { authorization: `Bearer ${known.get(filled.as) ?? ''}` }),
        ...filled.headers,
      },
      ...(filled.body === undefined ? {} : { body: JSON.stringify(filled.body) }),
    });
    const text = await response.text();
    const contentType = response.headers.get('content-type')?.split(';')[0] ?? null;
    const body: unknown = /[/+]json$/.test(contentType ?? '') && text !== '' ? JSON.parse(text) : text;
    for (const [name, place] of Object.entries(filled.capture ?? {})) {
      known.set(name, captured(place, body, response.headers));
    }
    answers.push({
      status: response.status,
      contentType,
      headers: RELIED_ON.filter((name) => response.headers.has(name)),
      body: shapeOf(body),
    });
  }
  return answers;
}

/** Everything by which an answer would break a client that relies on the recorded one: what is new breaks nobody. */
export function breaches(recorded: RecordedAnswer, now: RecordedAnswer): string[] {
  const found = [];
  if (recorded.status !== now.status) found.push(`status ${now.status}, not ${recorded.status}`);
  if (recorded.contentType !== now.contentType)
    found.push(`content-type ${now.contentType}, not ${recorded.contentType}`);
  for (const name of recorded.headers) if (!now.headers.includes(name)) found.push(`no header ${name}`);
  return [...found, ...shapeBreaches(recorded.body, now.body, 'body')];
}

function shapeBreaches(recorded: Shape, now: Shape, path: string): string[] {
  if (typeof recorded === 'string' || typeof now === 'string') {
    return recorded === now ? [] : [`${path} is ${describe(now)}, not ${describe(recorded)}`];
  }
  if (Array.isArray(recorded) || Array.isArray(now)) {
    if (!Array.isArray(recorded) || !Array.isArray(now))
      return [`${path} is ${describe(now)}, not ${describe(recorded)}`];
    const [before, after] = [recorded[0], now[0]] as [Shape | undefined, Shape | undefined];
    return before === undefined || after === undefined ? [] : shapeBreaches(before, after, `${path}[]`);
  }
  const fields = now as { readonly [field: string]: Shape };
  return Object.entries(recorded).flatMap(([name, shape]) => {
    const after = fields[name];
    return after === undefined ? [`${path}.${name} is gone`] : shapeBreaches(shape, after, `${path}.${name}`);
  });
}

function shapeOf(value: unknown): Shape {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (typeof value !== 'object') return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, shapeOf(part)]));
}

const describe = (shape: Shape) =>
  typeof shape === 'string' ? shape : Array.isArray(shape) ? 'a list' : 'an object';

function captured(place: string, body: unknown, headers: Headers): string {
  if (place.startsWith('header:')) return headers.get(place.slice('header:'.length)) ?? '';
  const found = place
    .split('.')
    .reduce<unknown>((at, name) => (at as Record<string, unknown> | null)?.[name], body);
  return String(found);
}
