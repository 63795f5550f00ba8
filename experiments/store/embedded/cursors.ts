import { Long } from 'bson';
import { LRUCache } from 'lru-cache';
import { type BsonDocument, MAX_DOCUMENT_BYTES } from './bson-document.ts';
import { CommandError } from './command-error.ts';

/** A result in memory; `sizeBytes` keeps a batch within what one message may hold. */
export interface ResultItem {
  readonly document: BsonDocument;
  readonly sizeBytes: number;
}

interface Cursor {
  readonly namespace: string;
  readonly rest: Iterator<ResultItem>;
  next: IteratorResult<ResultItem>;
}

/** Past this many, the one that was idle longest is forgotten: its client is told CursorNotFound. */
const MAX_OPEN_CURSORS = 200;
const IDLE_TIMEOUT_MS = 10 * 60_000;

/** Results that did not fit one batch, as they were when the find ran. */
export class Cursors {
  readonly #open = new LRUCache<string, Cursor>({
    max: MAX_OPEN_CURSORS,
    ttl: IDLE_TIMEOUT_MS,
    updateAgeOnGet: true,
  });
  #lastId = 0;

  /** The `cursor` of a find's answer. With `single`, what does not fit the first batch is dropped. */
  first(
    namespace: string,
    items: readonly ResultItem[],
    size: { count: number; single: boolean },
  ): BsonDocument {
    const rest = items[Symbol.iterator]();
    const cursor = { namespace, rest, next: rest.next() };
    const firstBatch = takeBatch(cursor, size.count);
    if (cursor.next.done || size.single) {
      return { firstBatch, id: Long.ZERO, ns: namespace };
    }
    this.#lastId += 1;
    this.#open.set(String(this.#lastId), cursor);
    return { firstBatch, id: Long.fromNumber(this.#lastId), ns: namespace };
  }

  /** The `cursor` of a getMore's answer; throws CursorNotFound. */
  more(namespace: string, id: Long, count: number): BsonDocument {
    const cursor = this.#open.get(id.toString());
    if (cursor?.namespace !== namespace) {
      throw new CommandError('CursorNotFound', `cursor id ${id} not found`);
    }
    const nextBatch = takeBatch(cursor, count);
    if (cursor.next.done) {
      this.#open.delete(id.toString());
    }
    return { nextBatch, id: cursor.next.done ? Long.ZERO : id, ns: namespace };
  }

  /** Whether there was such a cursor. */
  kill(namespace: string, id: Long): boolean {
    return this.#open.peek(id.toString())?.namespace === namespace && this.#open.delete(id.toString());
  }
}

/** At most `count` documents and 16 MiB, but one document at least when any is asked for. */
function takeBatch(cursor: Cursor, count: number): BsonDocument[] {
  const batch: BsonDocument[] = [];
  let sizeBytes = 0;
  while (!cursor.next.done && batch.length < count) {
    sizeBytes += cursor.next.value.sizeBytes;
    if (batch.length > 0 && sizeBytes > MAX_DOCUMENT_BYTES) {
      break;
    }
    batch.push(cursor.next.value.document);
    cursor.next = cursor.rest.next();
  }
  return batch;
}
