import type { Request } from 'express';
import { type SegmentValue, segmentValueSchema } from '../../experiments/segment.ts';
import { Problem } from '../problems.ts';

/** Longest list of a segment. */
export const MAX_VALUES = 1_000_000;
/** The longest id, escaped throughout, fits. */
const MAX_LINE_CHARS = 4_096;
/** So many refusals are told one by one; the rest are counted. */
const MAX_TOLD = 1_000;

/** Why one line of an upload was not taken; the others were. */
interface RejectedLine {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** What an upload came to. */
export interface Taken {
  readonly accepted: number;
  /** How many changed nothing: what is to be added was there, what is to be removed was not. */
  readonly unchanged: number;
  readonly rejected: readonly RejectedLine[];
  /** All of them, told or not. */
  readonly rejectedCount: number;
}

/**
 * Hands the values of an upload to `take`, one after another, as they come, with a pause after each batch; `take`
 * answers false for one that changes nothing. Throws `invalid-configuration` where not one line of several is a value.
 */
export async function takeValues(
  request: Request,
  take: (value: SegmentValue) => boolean,
  afterBatch?: () => Promise<void>,
): Promise<Taken> {
  let [line, accepted, unchanged] = [0, 0, 0];
  const rejected: RejectedLine[] = [];
  for await (const batch of batchesOf(request)) {
    for (const item of batch) {
      line += 1;
      const parsed = segmentValueSchema.safeParse(item);
      if (!parsed.success) {
        if (rejected.length < MAX_TOLD) rejected.push({ line, message: messageFor(item) });
      } else if (take(parsed.data)) accepted += 1;
      else unchanged += 1;
    }
    await afterBatch?.();
  }
  const rejectedCount = line - accepted - unchanged;
  if (rejectedCount > 0 && rejectedCount === line) {
    const issues = rejected.map(({ line: at, message }) => ({ path: `/${at}`, code: 'invalid', message }));
    throw new Problem('invalid-configuration', `none of ${line} lines is a value: ${rejected[0]?.message}`, {
      issues,
    });
  }
  return { accepted, unchanged, rejected, rejectedCount };
}

/** A page of JSON is one batch; of lines, those that have come together. A line that is no JSON is `undefined`. */
async function* batchesOf(request: Request): AsyncGenerator<readonly unknown[]> {
  if (Array.isArray(request.body)) {
    yield request.body;
    return;
  }
  if (request.is(['application/x-ndjson', 'application/jsonl']) === false || request.body !== undefined) {
    const message = 'send a value a line as application/x-ndjson, or a list of values as application/json';
    throw new Problem('unsupported-media-type', message);
  }
  for await (const lines of linesOf(request)) {
    yield lines.filter((line) => line.trim() !== '').map(valueIn);
  }
}

async function* linesOf(request: Request): AsyncGenerator<string[]> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of receivedBy(request)) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_CHARS) {
      throw new Problem(
        'invalid-request',
        `a line is longer than ${MAX_LINE_CHARS} characters: one value a line`,
      );
    }
    yield lines;
  }
  if (rest !== '') yield [rest];
}

/** The bytes as they come; a client that leaves half-way has sent nothing that counts. */
async function* receivedBy(request: Request): AsyncGenerator<Buffer> {
  try {
    for await (const bytes of request) yield bytes;
  } catch (cause) {
    throw new Problem('invalid-request', 'the body ended before its time: send all of it again', { cause });
  }
}

function valueIn(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** The value itself is not repeated: it may be somebody's id. */
function messageFor(item: unknown): string {
  if (typeof item === 'string') return `has ${item.length} characters; an id has at most 256`;
  return 'must be a JSON string, in quotes, or a number';
}
