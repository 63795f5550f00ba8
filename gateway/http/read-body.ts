import type { IncomingMessage } from 'node:http';
import { readBytes } from '../../models/http/read-bytes.ts';
import { Problem } from '../problems.ts';

/**
 * The whole body, unpacked where it came as gzip or deflate. Throws `body-too-large` as soon as the limit is known
 * to be passed, by what came or by what it unpacks to; a client that leaves half-way throws `invalid-request`,
 * which nobody is there to read.
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const received = await readBytes(request, maxBytes);
  if (received.ok) return received.bytes;
  const coding = request.headers['content-encoding']?.slice(0, 40);
  switch (received.reason) {
    case 'too-large':
      throw new Problem(
        'body-too-large',
        `the body is larger than ${maxBytes} bytes, the limit here (MAX_BODY_BYTES)`,
      );
    case 'unsupported':
      throw new Problem(
        'unsupported-media-type',
        `content-encoding "${coding}" is not accepted here: send gzip, deflate or the body as it is`,
      );
    case 'corrupt':
      throw new Problem('invalid-request', `the body is not what content-encoding "${coding}" says`);
    case 'broken-off':
      throw new Problem('invalid-request', 'the body ended before its time', { cause: received.cause });
  }
}
