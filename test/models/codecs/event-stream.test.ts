import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { payloadParts, StreamFailure } from '../../../models/codecs/event-stream.ts';
import { eventOf, modelStreamError, payloadPart } from '../../support/event-stream.ts';

/** Bytes in chunks of these sizes, in turn. */
async function* chunked(bytes: Buffer, sizes: readonly number[]) {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function read(bytes: Buffer, sizes: readonly number[] = [bytes.length]): Promise<Buffer[]> {
  const parts: Buffer[] = [];
  for await (const part of payloadParts(chunked(bytes, sizes))) parts.push(Buffer.from(part));
  return parts;
}

describe('a SageMaker response stream', () => {
  it('gives its payload part by part, wherever the network cut it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 5 }),
        async (payloads, sizes) => {
          const bytes = Buffer.concat(payloads.map((payload) => payloadPart(payload)));
          expect(await read(bytes, sizes)).toEqual(payloads.map((payload) => Buffer.from(payload)));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('leaves out events that it does not know', async () => {
    const other = eventOf({ ':message-type': 'event', ':event-type': 'Something' }, 'x');
    expect(await read(Buffer.concat([other, payloadPart('a')]))).toEqual([Buffer.from('a')]);
  });

  it('says that the model gave up', async () => {
    const failing = read(Buffer.concat([payloadPart('a'), modelStreamError('out of memory')]));
    await expect(failing).rejects.toThrow(StreamFailure);
    await expect(failing).rejects.toMatchObject({
      kind: 'ModelStreamError',
      message: expect.stringContaining('out of memory'),
    });
  });

  it.each([
    ['ends in the middle of an event', payloadPart('abc').subarray(0, 40)],
    [
      'was altered on the way',
      payloadPart('abc').fill('x', payloadPart('abc').length - 6, payloadPart('abc').length - 4),
    ],
    ['is something else', Buffer.from('HTTP/1.1 200 OK and no event at all')],
  ])('is refused where it %s', async (_what, bytes) => {
    await expect(read(bytes)).rejects.toThrow();
  });
});
