import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { CRC32C } from '@google-cloud/storage';

interface Stored {
  readonly content: Buffer;
  readonly generation: number;
}

export interface GcsDouble {
  /** For `GCS_API_ENDPOINT`. */
  readonly url: string;
  /** Statuses that the next requests are answered with instead of being served. */
  readonly failures: number[];
  /** Keeps the next request waiting for its answer until it is released; resolves when the answer was sent. */
  hold(): { readonly arrived: Promise<void>; release(): Promise<void> };
  stop(): Promise<void>;
}

interface Held {
  readonly arrived: PromiseWithResolvers<void>;
  readonly released: PromiseWithResolvers<void>;
  readonly answered: PromiseWithResolvers<void>;
}

/**
 * A test double, not Google Cloud Storage: the part of its JSON API that GcsStore uses (multipart upload with
 * ifGenerationMatch, media download with Range, metadata, list by pages, delete), on loopback, in memory.
 * The bucket `forbidden` answers 403. Source: cloud.google.com/storage/docs/json_api/v1.
 */
export async function startGcsDouble(): Promise<GcsDouble> {
  const objects = new Map<string, Stored>();
  const failures: number[] = [];
  const held: Held[] = [];
  let generation = 0;

  const upload = async (request: IncomingMessage, url: URL, bucket: string): Promise<Reply> => {
    const name = url.searchParams.get('name') ?? '';
    const content = readMultipart(await buffer(request), request.headers['content-type'] ?? '');
    const key = `${bucket}/${name}`;
    const wanted = url.searchParams.get('ifGenerationMatch');
    if (wanted !== null && Number(wanted) !== (objects.get(key)?.generation ?? 0)) return fail(412);
    generation += 1;
    objects.set(key, { content, generation });
    return json(describe(name, { content, generation }));
  };

  const list = (url: URL, bucket: string): Reply => {
    const prefix = url.searchParams.get('prefix') ?? '';
    const found = [...objects]
      .filter(([key]) => key.startsWith(`${bucket}/${prefix}`))
      .map(([key, stored]) => describe(key.slice(bucket.length + 1), stored))
      .sort((left, right) => Buffer.compare(Buffer.from(left.name), Buffer.from(right.name)));
    const from = Number(url.searchParams.get('pageToken') ?? 0);
    // Two a page, whatever was asked for, so that paging is always exercised.
    const items = found.slice(from, from + 2);
    return json({ items, ...(from + 2 < found.length && { nextPageToken: String(from + 2) }) });
  };

  const server = createServer(async (request, response) => {
    const waiting = held.shift();
    waiting?.arrived.resolve();
    response.once('close', () => waiting?.answered.resolve());
    await waiting?.released.promise;
    const url = new URL(request.url ?? '/', 'http://double');
    const [, isUpload, bucket = '', rest] =
      /^(\/upload)?\/storage\/v1\/b\/([^/]+)\/o(?:\/(.+))?$/.exec(url.pathname) ?? [];
    const key = `${bucket}/${decodeURIComponent(rest ?? '')}`;
    const stored = objects.get(key);
    const failure = failures.shift();
    if (failure !== undefined) return send(response, fail(failure));
    if (bucket === 'forbidden') return send(response, fail(403));
    if (isUpload !== undefined) return send(response, await upload(request, url, bucket));
    if (rest === undefined) return send(response, list(url, bucket));
    if (stored === undefined) return send(response, fail(404));
    if (request.method === 'DELETE') {
      objects.delete(key);
      return send(response, { status: 204, body: Buffer.alloc(0) });
    }
    if (url.searchParams.get('alt') === 'media') return send(response, media(stored, request.headers.range));
    send(response, json(describe(key.slice(bucket.length + 1), stored)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    failures,
    hold() {
      const next: Held = {
        arrived: Promise.withResolvers(),
        released: Promise.withResolvers(),
        answered: Promise.withResolvers(),
      };
      held.push(next);
      return {
        arrived: next.arrived.promise,
        release: () => {
          next.released.resolve();
          return next.answered.promise;
        },
      };
    },
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Reply {
  readonly status: number;
  readonly body: Buffer;
  readonly type?: string;
}

const json = (body: unknown, status = 200): Reply => ({
  status,
  body: Buffer.from(JSON.stringify(body)),
  type: 'application/json',
});
const fail = (code: number) => json({ error: { code, message: `status ${code}`, errors: [] } }, code);

function describe(name: string, { content, generation }: Stored) {
  const crc32c = new CRC32C();
  crc32c.update(content);
  return { name, size: String(content.length), generation: String(generation), crc32c: crc32c.toString() };
}

function media({ content }: Stored, range: string | undefined): Reply {
  const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
  if (range !== undefined && from >= content.length) return fail(416);
  return {
    status: range === undefined ? 200 : 206,
    body: content.subarray(from),
    type: 'application/octet-stream',
  };
}

/** The bytes of an upload: its second part, after one of JSON metadata. */
function readMultipart(body: Buffer, type: string): Buffer {
  const boundary = `--${/boundary="?([^";]+)/.exec(type)?.[1] ?? ''}`;
  const second = body.indexOf(`\r\n${boundary}`, boundary.length);
  const start = body.indexOf('\r\n\r\n', second) + 4;
  return body.subarray(start, body.lastIndexOf(`\r\n${boundary}`));
}

function send(response: ServerResponse, { status, body, type }: Reply): void {
  response.writeHead(status, {
    'content-length': body.length,
    ...(type !== undefined && { 'content-type': type }),
  });
  response.end(body);
}
