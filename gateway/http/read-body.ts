import type { Request } from 'express';
import { decompress } from '../../models/http/content-coding.ts';
import { Problem } from '../problems.ts';

/**
 * The whole body, unpacked where it came as gzip or deflate. Throws `body-too-large` as soon as the limit is known
 * to be passed, by what came or by what it unpacks to; a client that leaves half-way throws `invalid-request`,
 * which nobody is there to read.
 */
export async function readBody(request: Request, maxBytes: number): Promise<Buffer> {
  const coding = request.headers['content-encoding'];
  const body = await readBytes(request, maxBytes);
  if (coding === undefined) return body;
  const unpacked = await decompress(body, coding, maxBytes);
  if (unpacked.ok) return unpacked.bytes;
  switch (unpacked.reason) {
    case 'too-large':
      throw tooLarge(maxBytes);
    case 'unsupported':
      throw new Problem(
        'unsupported-media-type',
        `content-encoding "${coding.slice(0, 40)}" is not accepted here: send gzip, deflate or the body as it is`,
      );
    case 'corrupt':
      throw new Problem(
        'invalid-request',
        `the body is not what content-encoding "${coding.slice(0, 40)}" says`,
      );
  }
}

const tooLarge = (maxBytes: number) =>
  new Problem('body-too-large', `the body is larger than ${maxBytes} bytes, the limit here (MAX_BODY_BYTES)`);

function readBytes(request: Request, maxBytes: number): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > maxBytes) return Promise.reject(tooLarge(maxBytes));
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
      reject(tooLarge(maxBytes));
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
