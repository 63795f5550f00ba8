import type { EvaluationContext } from './audience/compile-audience.ts';
import type { Recalled } from './sticky.ts';

/** Why an experiment did not take a unit, in the order of the checks, with how many had passed by then. */
export const CHECKS_PASSED = {
  'not-running': 0,
  'no-unit': 1,
  holdout: 2,
  audience: 3,
  prerequisite: 4,
  layer: 5,
  allocation: 6,
  halted: 7,
} as const;
export type Refusal = keyof typeof CHECKS_PASSED;

/** What is known of whoever asks, beside the context. */
export interface Knowledge {
  /** Variants forced for testing, by experiment: from a token whose signature was checked. */
  readonly overrides?: ReadonlyMap<string, string>;
  /** What is kept of the units of the context, by experiment: variants that are there. */
  readonly kept?: ReadonlyMap<string, Recalled>;
}

export const NOTHING_KNOWN: Knowledge = Object.freeze({});

/** One evaluation. */
export interface Subject {
  readonly context: EvaluationContext;
  readonly knowledge: Knowledge;
}

/** One condition of enrolment. An experiment has only those that it needs, in order. */
export interface Check {
  readonly reason: Refusal;
  readonly passes: (subject: Subject, unitId: string) => boolean;
}
