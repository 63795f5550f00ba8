import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ArtifactCache, type ArtifactCacheOptions } from '../../../models/artifacts/artifact-cache.ts';
import { openObjectStore } from '../../../models/artifacts/open-object-store.ts';
import { refOf } from '../../support/onnx-models.ts';

let base: string;
let directory: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'artifact-cache-'));
  directory = join(base, 'cache');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(base, { recursive: true });
});

const content = Buffer.alloc(300_000, 'the bytes of a model. ');
const open = (options: Partial<ArtifactCacheOptions> = {}) =>
  new ArtifactCache({ directory, openStore: openObjectStore, ...options });

async function stored(name: string, bytes: Uint8Array): Promise<string> {
  await writeFile(join(base, name), bytes);
  return pathToFileURL(join(base, name)).href;
}

/** A bucket of the GCS JSON API whose answers to reads are the test's to break; it says who read from where. */
async function serve(answer: (from: number) => { bytes: Buffer; cut: boolean } | 'silence') {
  const reads: number[] = [];
  const server: Server = createServer((request, response) => {
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    reads.push(from);
    const said = answer(from);
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': content.length - from });
    if (said === 'silence') return response.flushHeaders();
    response.write(said.bytes);
    if (said.cut) setTimeout(() => response.destroy(), 20);
    if (!said.cut) response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  vi.stubEnv('GCS_API_ENDPOINT', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return { reads, [Symbol.dispose]: () => void server.close().closeAllConnections() };
}

describe('an artifact cache', () => {
  it('gives a verified copy, and the same one without the store the next time', async () => {
    const uri = await stored('model', content);
    const cache = open();
    const path = await cache.fetch({ ...refOf(content), artifacts: [uri] });
    expect((await readFile(path)).equals(content)).toBe(true);
    await rm(join(base, 'model'));
    expect(await open().fetch({ ...refOf(content), artifacts: [uri] })).toBe(path);
    expect(await readdir(directory)).toEqual([refOf(content).sha256]);
  });

  it.each([
    ['missing', null, /expected 300000 bytes, found no object/],
    ['truncated', content.subarray(0, 1_000), /expected 300000 bytes, found only 1000/],
    ['oversized', Buffer.concat([content, content]), /expected 300000 bytes, found more than/],
    [
      'digest-mismatch',
      Buffer.concat([content.subarray(1), Buffer.from('!')]),
      /expected sha256 \w{64}, found \w{64}/,
    ],
  ] as const)(
    'refuses an artifact that is %s, says so with its URI, and keeps nothing',
    async (code, bytes, message) => {
      const uri = bytes === null ? pathToFileURL(join(base, 'none')).href : await stored('model', bytes);
      const fetched = open().fetch({ ...refOf(content), artifacts: [uri] });
      await expect(fetched).rejects.toMatchObject({
        name: 'ArtifactError',
        code,
        message: expect.stringMatching(message),
      });
      await expect(fetched).rejects.toThrow(uri);
      expect(await readdir(directory)).toEqual([]);
    },
  );

  it('takes the copy from the next place when one does not have it whole', async () => {
    const artifacts = [
      pathToFileURL(join(base, 'none')).href,
      await stored('altered', Buffer.alloc(content.length)),
      await stored('whole', content),
    ];
    await expect(open().fetch({ ...refOf(content), artifacts })).resolves.toContain(directory);
  });

  it('names every place that failed, and the gravest failure', async () => {
    const artifacts = [
      pathToFileURL(join(base, 'none')).href,
      await stored('altered', Buffer.alloc(content.length)),
    ];
    const fetched = open().fetch({ ...refOf(content), artifacts });
    await expect(fetched).rejects.toMatchObject({
      code: 'digest-mismatch',
      message: expect.stringContaining('/none'),
    });
  });

  it('loads again what was altered in the cache', async () => {
    const uri = await stored('model', content);
    const path = await open().fetch({ ...refOf(content), artifacts: [uri] });
    await writeFile(path, Buffer.alloc(content.length));
    await open().fetch({ ...refOf(content), artifacts: [uri] });
    expect((await readFile(path)).equals(content)).toBe(true);
  });

  it('resumes a broken stream from the byte it had reached', async () => {
    using server = await serve((from) =>
      from < 200_000
        ? { bytes: content.subarray(from, from + 100_000), cut: true }
        : { bytes: content.subarray(from), cut: false },
    );
    const path = await open().fetch({ ...refOf(content), artifacts: ['gs://bucket/model'] });
    expect((await readFile(path)).equals(content)).toBe(true);
    // How much of a cut answer arrives is the network's choice; starting over is not.
    expect(server.reads.length).toBeGreaterThan(2);
    expect(server.reads).toEqual(server.reads.toSorted((left, right) => left - right));
    expect(server.reads.filter((from) => from === 0)).toHaveLength(1);
  });

  it('gives a place up that brings nothing, after a bounded number of tries', async () => {
    using server = await serve(() => 'silence');
    const fetched = open({ stallTimeoutMs: 30 }).fetch({
      ...refOf(content),
      artifacts: ['gs://bucket/model'],
    });
    await expect(fetched).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('30 ms'),
    });
    expect(server.reads).toEqual([0, 0, 0, 0]);
  });

  it('downloads once for all who ask at the same time', async () => {
    using server = await serve(() => ({ bytes: content, cut: false }));
    const cache = open();
    const ref = { ...refOf(content), artifacts: ['gs://bucket/model'] };
    const paths = await Promise.all([cache.fetch(ref), cache.fetch(ref), cache.fetch(ref)]);
    expect(new Set(paths).size).toBe(1);
    expect(server.reads).toHaveLength(1);
  });

  it('goes on for the others when one who asked leaves, and ends when all have left', async () => {
    using _server = await serve(() => 'silence');
    const cache = open({ stallTimeoutMs: 60_000 });
    const ref = { ...refOf(content), artifacts: ['gs://bucket/model'] };
    const [one, other] = [new AbortController(), new AbortController()];
    const fetches = [one, other].map(({ signal }) => cache.fetch(ref, { signal }));
    one.abort();
    await expect(fetches[0]).rejects.toMatchObject({ code: 'unavailable' });
    await vi.waitFor(async () => expect(await readdir(directory)).toHaveLength(1));
    other.abort();
    await expect(fetches[1]).rejects.toMatchObject({ code: 'unavailable' });
    await vi.waitFor(async () => expect(await readdir(directory)).toEqual([]));
  });

  it('makes room by what has been unused longest, and never by what is held', async () => {
    const cache = open({ maxBytes: 2_500 });
    const fetch = async (fill: string) => {
      const bytes = Buffer.alloc(1_000, fill);
      await cache.fetch({ ...refOf(bytes), artifacts: [await stored(fill, bytes)] });
      return refOf(bytes).sha256;
    };
    const [held, unused] = [await fetch('a'), await fetch('b')];
    cache.release(unused);
    const third = await fetch('c');
    expect((await readdir(directory)).sort()).toEqual([held, third].sort());
  });
});
