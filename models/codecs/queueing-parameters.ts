import type { InferRequest } from './open-inference.ts';

/** How a request wants to wait for its turn. */
export interface Queueing {
  /** 1 goes first; who gives none goes last. */
  readonly priority?: number;
  readonly queueTimeoutMs?: number;
}

const US_PER_MS = 1_000;

/** `priority` and `timeout` (µs) among a request's parameters. Source: Triton, "Schedule Policy Extension". */
export function queueingParameters({ parameters }: Pick<InferRequest, 'parameters'>): Queueing {
  const { priority, timeout } = parameters;
  return {
    ...(isPositive(priority) && { priority }),
    ...(isPositive(timeout) && { queueTimeoutMs: Math.ceil(timeout / US_PER_MS) }),
  };
}

/** 0 is how clients say that they have no wish. */
function isPositive(value: unknown): value is number {
  return typeof value === 'number' && value > 0;
}
