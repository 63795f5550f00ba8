import { write, writeSync } from 'node:fs';

/** One write takes this much, or what has gathered in this time. */
const BATCH_CHARS = 32_768;
const MAX_DELAY_MS = 250;
/** A full pipe is asked again after this long. */
const RETRY_MS = 10;

/**
 * Lines to a file descriptor in the background, many to one write, in order. pino's own destination measures and
 * flattens the whole waiting text at every line, which costs more than making the line; here a line costs a push.
 */
export class BatchedOutput {
  readonly #fd: number;
  readonly #onFlushed: (() => void)[] = [];
  #lines: string[] = [];
  #chars = 0;
  #timer: NodeJS.Timeout | null = null;
  /** What a write under way has not put out yet. */
  #writing: Buffer | null = null;

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(line: string): void {
    this.#lines.push(line);
    this.#chars += line.length;
    if (this.#chars >= BATCH_CHARS) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), MAX_DELAY_MS).unref();
  }

  /** Calls back when everything written so far is out. */
  flush(done: () => void = () => undefined): void {
    this.#onFlushed.push(done);
    this.#start();
  }

  /** For the last words of a process that ends; what was being written may be written twice. */
  flushSync(): void {
    const rest = Buffer.concat([this.#writing ?? Buffer.alloc(0), this.#take()]);
    this.#writing = null;
    try {
      for (let written = 0; written < rest.length; ) written += writeSync(this.#fd, rest, written);
    } catch {
      // The reader is gone or has stopped reading, and the process is ending: nobody is left to tell.
    }
  }

  #take(): Buffer {
    const batch = Buffer.from(this.#lines.join(''));
    this.#lines = [];
    this.#chars = 0;
    return batch;
  }

  #start(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#writing !== null) return;
    this.#writing = this.#take();
    this.#continue();
  }

  #continue(): void {
    const { length } = this.#writing ?? '';
    if (this.#writing === null || length === 0) {
      this.#writing = null;
      if (this.#lines.length > 0 && (this.#chars >= BATCH_CHARS || this.#onFlushed.length > 0)) this.#start();
      else for (const done of this.#onFlushed.splice(0)) done();
      return;
    }
    const batch = this.#writing;
    write(this.#fd, batch, (error, written) => {
      if (this.#writing !== batch) return;
      if (error?.code === 'EAGAIN') {
        setTimeout(() => this.#continue(), RETRY_MS);
        return;
      }
      // Whoever read the log has gone (EPIPE), or its disk is full: there is nowhere left to say so.
      this.#writing = error === null ? batch.subarray(written) : null;
      this.#continue();
    });
  }
}
