import type { Tensor } from '../codecs/tensor.ts';
import { batchKey, rowsOf } from './batch.ts';
import type { PoolInferRequest } from './pool-infer-request.ts';
import type { RunRequest } from './run-requests.ts';

/** One inference on its way through the pool. */
export interface Job extends RunRequest {
  /** Smaller goes first; those of one priority in the order of their arrival. */
  readonly priority: number;
  /** By performance.now(). */
  readonly queuedAtMs: number;
  readonly onRun?: PoolInferRequest['onRun'];
  readonly settle: PromiseWithResolvers<readonly Tensor[]>;
}

interface Waiting {
  readonly job: Job;
  /** Empty for what can only be run by itself. */
  readonly key: string;
  readonly rows: number;
}

/** What waits for one model. Decides what is run together, and knows neither clock nor threads. */
export class ModelQueue {
  readonly #maxRows: number;
  readonly #waiting: Waiting[] = [];

  /** `maxRows`: most rows of one run; 1 where each request is run by itself. */
  constructor(maxRows: number) {
    this.#maxRows = maxRows;
  }

  get length(): number {
    return this.#waiting.length;
  }

  add(job: Job): void {
    const rows = this.#maxRows > 1 ? rowsOf(job.inputs) : null;
    const waiting = { job, rows: rows ?? 1, key: rows === null || rows === 0 ? '' : batchKey(job.inputs) };
    const behind = this.#waiting.findLastIndex((other) => other.job.priority <= job.priority);
    this.#waiting.splice(behind + 1, 0, waiting);
  }

  /** False when it waits here no more. */
  remove(job: Job): boolean {
    const place = this.#waiting.findIndex((waiting) => waiting.job === job);
    if (place !== -1) this.#waiting.splice(place, 1);
    return place !== -1;
  }

  /** The first in line, and whoever can be run with it within the limit; none when nobody waits. */
  take(): Job[] {
    const first = this.#waiting.shift();
    if (first === undefined) return [];
    const batch = [first.job];
    let rows = first.rows;
    for (let place = 0; first.key !== '' && rows < this.#maxRows && place < this.#waiting.length; ) {
      const next = this.#waiting[place];
      if (next === undefined || next.key !== first.key || rows + next.rows > this.#maxRows) {
        place += 1;
        continue;
      }
      this.#waiting.splice(place, 1);
      batch.push(next.job);
      rows += next.rows;
    }
    return batch;
  }

  /** Everybody who waits; the queue is empty then. */
  clear(): Job[] {
    return this.#waiting.splice(0).map(({ job }) => job);
  }
}
