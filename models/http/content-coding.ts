import { promisify } from 'node:util';
import { deflate, gunzip, gzip, inflate } from 'node:zlib';

const DECODERS = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
} as const;
const ENCODERS = { gzip: promisify(gzip), deflate: promisify(deflate) } as const;

/** The codings that an answer may have, the preferred one first. Source: RFC 9110, 8.4.1. */
export const ANSWER_CODINGS = ['gzip', 'deflate'] as const;
export type AnswerCoding = (typeof ANSWER_CODINGS)[number];

export type Decompressed =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly reason: 'unsupported' | 'too-large' | 'corrupt' };

/**
 * A body as it was before its `content-encoding`. Unpacking ends at `maxBytes`, whatever the body claims: a bomb
 * costs no more memory than that.
 */
export async function decompress(bytes: Buffer, coding: string, maxBytes: number): Promise<Decompressed> {
  const name = coding.trim().toLowerCase();
  if (name === 'identity') return { ok: true, bytes };
  if (!isDecoded(name)) return { ok: false, reason: 'unsupported' };
  try {
    return { ok: true, bytes: await DECODERS[name](bytes, { maxOutputLength: maxBytes }) };
  } catch (error) {
    const tooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    return { ok: false, reason: tooLarge ? 'too-large' : 'corrupt' };
  }
}

function isDecoded(name: string): name is keyof typeof DECODERS {
  return Object.hasOwn(DECODERS, name);
}

export function compress(bytes: Buffer, coding: AnswerCoding): Promise<Buffer> {
  return ENCODERS[coding](bytes);
}
