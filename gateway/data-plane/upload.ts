import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

/**
 * A request's body for one attempt. Nothing is read of it before the target is there to take it, so that another
 * target may get the body of an attempt that found nobody; and what a target does not want is drained, so that the
 * client can finish.
 */
export class Upload extends Readable {
  readonly #request: IncomingMessage;
  #begun = false;

  constructor(request: IncomingMessage) {
    super();
    this.#request = request;
    // What went wrong is said by the exchange that the body is part of.
    this.on('error', () => undefined);
  }

  override _read(): void {
    if (this.#begun) {
      this.#request.resume();
      return;
    }
    this.#begun = true;
    this.#request.on('data', this.#onData).once('end', this.#onEnd).once('error', this.#onError);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (this.#begun) {
      this.#request.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onError);
      this.#request.resume();
    }
    done(error);
  }

  readonly #onData = (chunk: Buffer) => {
    if (!this.push(chunk)) this.#request.pause();
  };
  readonly #onEnd = () => this.push(null);
  readonly #onError = (error: Error) => this.destroy(error);
}
