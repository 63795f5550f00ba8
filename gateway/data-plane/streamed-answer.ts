import type { ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import { trailersOf } from './proxy-headers.ts';

/** The beginning of a target's answer. */
export interface AnswerHead {
  readonly status: number;
  readonly statusText: string;
  /** Name and value in turn, spelled as they came. */
  readonly rawHeaders: readonly string[];
}

/** What is told of an exchange, in order. */
export interface StreamEvents {
  /** The connection stands and the request goes out: from now on it may have been acted on. */
  sending(abort: (reason: Error) => void): void;
  /** The head is put on the response here; no byte leaves before the promise is settled. */
  answered(head: AnswerHead): Promise<void>;
  /** The network failed, before or in the middle of the answer. */
  failed(error: Error): void;
}

/** What comes while the exposure is being written waits in memory; beyond this the target waits too. */
const MAX_HELD_BYTES = 65_536;
/** Copying more than this costs more than the second part of a write. */
const MAX_BYTES_AS_TEXT = 16_384;

/** Passes an answer on as it comes, its trailer fields too; an answer that is there at once leaves in one write. */
export class StreamedAnswer implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse;
  readonly #events: StreamEvents;
  /** Null once the head may leave. */
  #held: Buffer[] | null = [];
  #heldBytes = 0;
  #ended = false;
  /** The network failed while the head was waiting. */
  #broken: Error | null = null;
  #begun = false;
  #trailers: [string, string][] = [];

  constructor(response: ServerResponse, events: StreamEvents) {
    this.#response = response;
    this.#events = events;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#events.sending((reason) => controller.abort(reason));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    statusText = '',
  ): void {
    // Interim answers (103) are of this hop.
    if (status < 200) return;
    this.#begun = true;
    const rawHeaders = textsOf(controller.rawHeaders);
    const exposed = this.#events.answered({ status, statusText, rawHeaders });
    this.#response.on('drain', () => controller.resume());
    void exposed.then(() => this.#release(controller));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#held === null) {
      if (!this.#response.write(chunk)) controller.pause();
      return;
    }
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes > MAX_HELD_BYTES) controller.pause();
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    this.#ended = true;
    this.#trailers = trailersOf(textsOf(controller.rawTrailers));
    if (this.#held === null) this.#end();
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.#begun && this.#held !== null) this.#broken = error;
    else this.#events.failed(error);
  }

  #release(controller: Dispatcher.DispatchController): void {
    const held = this.#held ?? [];
    this.#held = null;
    const response = this.#response;
    if (response.destroyed) return;
    if (this.#ended && this.#trailers.length === 0 && held.length < 2) {
      endWith(response, held[0]);
      return;
    }
    const isFull = held.map((chunk) => response.write(chunk)).includes(false);
    if (this.#broken !== null || this.#trailers.length > 0) response.flushHeaders();
    if (this.#broken !== null) this.#events.failed(this.#broken);
    else if (this.#ended) this.#end();
    else {
      if (!isFull) controller.resume();
      // A stream may begin long before its first event does. Where body and headers came together, so they leave.
      setImmediate(() => {
        if (!response.headersSent && !response.destroyed) response.flushHeaders();
      });
    }
  }

  #end(): void {
    if (this.#trailers.length > 0) this.#response.addTrailers(this.#trailers);
    this.#response.end();
  }
}

/** Node writes headers and body at once where both are strings; a buffer costs a gathering write. */
function endWith(response: ServerResponse, body: Buffer | undefined): void {
  if (body === undefined) response.end();
  else if (body.length <= MAX_BYTES_AS_TEXT) response.end(body.toString('latin1'), 'latin1');
  else response.end(body);
}

/** Header fields as HTTP has them: bytes, read as Latin-1 so that each stays what it is. */
function textsOf(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  if (raw === undefined || raw === null || !Array.isArray(raw)) return [];
  return raw.map((text) => (typeof text === 'string' ? text : text.toString('latin1')));
}
