import { Worker } from 'node:worker_threads';
import type { Comparison, PlannedComparison } from '../../experiments/analysis/planned-comparison.ts';
import { Problem } from '../problems.ts';

/** Questions at once, the one under way among them: more would wait longer than anybody does. */
const MOST_ASKED = 16;
/** From the question to its answer: what most take is below one second. */
const DEADLINE_MS = 10_000;

interface Asked extends PromiseWithResolvers<readonly PlannedComparison[]> {
  readonly comparisons: readonly Comparison[];
}

/**
 * Plans comparisons in a thread of its own, one question at a time, since requests are served beside it. The thread
 * starts with the first question, and anew after one that it died of or that took too long.
 */
export class Planner {
  /** The first is under way. */
  #asked: readonly Asked[] = [];
  #thread: Worker | null = null;

  /** In the order asked. Rejects with Problem `analysis-busy`, or with the RangeError of one that has no answer. */
  async plan(
    comparisons: readonly Comparison[],
    deadlineMs = DEADLINE_MS,
  ): Promise<readonly PlannedComparison[]> {
    if (this.#asked.length >= MOST_ASKED)
      throw new Problem('analysis-busy', `${MOST_ASKED} plans are being made: ask again in a few seconds`);
    const asked: Asked = { comparisons, ...Promise.withResolvers<readonly PlannedComparison[]>() };
    const timer = setTimeout(() => this.#giveUp(asked, deadlineMs), deadlineMs);
    this.#asked = [...this.#asked, asked];
    if (this.#asked.length === 1) this.#next();
    try {
      return await asked.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** What is under way ends without an answer. */
  async close(): Promise<void> {
    const left = this.#asked;
    this.#asked = [];
    for (const { reject } of left)
      reject(new Problem('analysis-busy', 'the gateway is stopping: ask another'));
    await this.#endThread();
  }

  #next(): void {
    const [first] = this.#asked;
    if (first === undefined) return;
    this.#thread ??= this.#started();
    this.#thread.postMessage(first.comparisons);
  }

  #started(): Worker {
    const thread = new Worker(new URL('planner.worker.ts', import.meta.url), { execArgv: [] });
    // A thread that was given up may still have an answer on its way.
    const settle = (how: (first: Asked | undefined) => void) => {
      if (this.#thread !== thread) return;
      const [first, ...others] = this.#asked;
      this.#asked = others;
      how(first);
      this.#next();
    };
    thread.on('message', (answer: readonly PlannedComparison[]) => settle((first) => first?.resolve(answer)));
    thread.on('error', (error) =>
      settle((first) => {
        this.#thread = null;
        first?.reject(error);
      }),
    );
    thread.unref();
    return thread;
  }

  #giveUp(asked: Asked, deadlineMs: number): void {
    const isUnderWay = this.#asked[0] === asked;
    this.#asked = this.#asked.filter((other) => other !== asked);
    asked.reject(new Problem('analysis-busy', `the plan was not made within ${deadlineMs} ms: ask again`));
    if (!isUnderWay) return;
    void this.#endThread();
    this.#next();
  }

  async #endThread(): Promise<void> {
    const thread = this.#thread;
    this.#thread = null;
    await thread?.terminate();
  }
}
