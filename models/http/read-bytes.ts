import type { IncomingMessage } from 'node:http';
import { decompress } from './content-coding.ts';

/** A body, or why there is none: it passes the limit, its coding is unknown or a lie, or the sender left half-way. */
export type Received =
  | { readonly ok: true; readonly bytes: Buffer }
  | {
      readonly ok: false;
      readonly reason: 'too-large' | 'unsupported' | 'corrupt' | 'broken-off';
      readonly cause?: unknown;
    };

const TOO_LARGE: Received = { ok: false, reason: 'too-large' };

/**
 * The whole body of a request, unpacked where it came as gzip or deflate. `too-large` as soon as `maxBytes` is known to
 * be passed, by what came or by what it unpacks to.
 */
export function readBytes(request: IncomingMessage, maxBytes: number): Promise<Received> {
  const coding = request.headers['content-encoding'];
  const received = receive(request, maxBytes);
  if (coding === undefined) return received;
  return received.then<Received>((body) => (body.ok ? decompress(body.bytes, coding, maxBytes) : body));
}

function receive(request: IncomingMessage, maxBytes: number): Promise<Received> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > maxBytes) return Promise.resolve(TOO_LARGE);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      request.off('data', onData).off('close', onClose);
      request.resume();
      resolve(TOO_LARGE);
    };
    const onClose = () => resolve({ ok: false, reason: 'broken-off' });
    request.on('data', onData);
    request.once('close', onClose);
    request.once('error', (cause) => resolve({ ok: false, reason: 'broken-off', cause }));
    request.once('end', () => {
      request.off('close', onClose);
      const [first] = chunks;
      resolve({
        ok: true,
        bytes: chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, size),
      });
    });
  });
}
