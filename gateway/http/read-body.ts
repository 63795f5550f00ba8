import type { Request } from 'express';
import { Problem } from '../problems.ts';

/**
 * The whole body, as it came. Throws `body-too-large` as soon as the limit is known to be passed; a client
 * that leaves half-way throws `invalid-request`, which nobody is there to read.
 */
export function readBody(request: Request, maxBytes: number): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0);
  const tooLarge = () =>
    new Problem(
      'body-too-large',
      `the body is larger than ${maxBytes} bytes, the limit here (MAX_BODY_BYTES)`,
    );
  if (announced > maxBytes) return Promise.reject(tooLarge());
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    return Promise.reject(
      new Problem(
        'unsupported-media-type',
        `content-encoding "${encoding}" is not accepted here: send the body as it is`,
      ),
    );
  }
  return new Promise((resolve, reject) => {
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
      reject(tooLarge());
    };
    const onClose = () => reject(new Problem('invalid-request', 'the body ended before its time'));
    request.on('data', onData);
    request.once('close', onClose);
    request.once('error', (cause) =>
      reject(new Problem('invalid-request', 'the body ended before its time', { cause })),
    );
    request.once('end', () => {
      request.off('close', onClose);
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size));
    });
  });
}
