import type { EvaluationContext } from './audience/compile-audience.ts';
import type { Experiment } from './experiment.ts';
import { unitReader } from './unit-reader.ts';

/** The variant that a unit was given once, by which revision and with which probability. */
export interface KeptAssignment {
  readonly variant: string;
  readonly revision: number;
  readonly propensityBp: number;
}

/** The same as it is known of whoever asks. */
export interface Recalled extends KeptAssignment {
  /** From the id that the unit had before it was known: not yet kept under its own. */
  readonly inherited: boolean;
}

/** One id of a context under which an assignment is kept. */
export interface KeptUnit {
  /** The attribute that it stands in: `user`, `session`, … */
  readonly name: string;
  readonly id: string;
}

/** How an experiment keeps assignments. */
export interface Sticky {
  /** Names this draw: another bucket version, or another experiment of the same key, keeps its own. */
  readonly draw: string;
  /** The ids of a context, the unit's own first; empty where there is none. */
  readonly unitsOf: (context: EvaluationContext) => readonly KeptUnit[];
}

/** Null where an experiment keeps nothing. `startedAt`: ISO 8601, once it has begun. */
export function stickyOf(
  { key, bucketVersion, unit, sticky }: Experiment,
  startedAt: string | undefined,
): Sticky | null {
  if (sticky === undefined) return null;
  const names = sticky.inheritsFrom === undefined ? [unit] : [unit, sticky.inheritsFrom];
  const readers = names.map((name) => ({ name, read: unitReader(name) }));
  return {
    draw: `${key}@${bucketVersion}@${startedAt === undefined ? 0 : Date.parse(startedAt)}`,
    unitsOf: (context) =>
      readers.flatMap(({ name, read }) => {
        const id = read(context);
        return id === undefined ? [] : [{ name, id }];
      }),
  };
}

/** The id that is randomised: the unit's own, or before it is known the one that it will inherit from. */
export function stickyUnitReader({
  unit,
  sticky,
}: Pick<Experiment, 'unit' | 'sticky'>): (context: EvaluationContext) => string | undefined {
  const own = unitReader(unit);
  if (sticky?.inheritsFrom === undefined) return own;
  const before = unitReader(sticky.inheritsFrom);
  return (context) => own(context) ?? before(context);
}

/**
 * What counts of what was kept under each of a context's ids, in their order: the unit's own, or else what it inherits.
 * A variant that the experiment has no more counts as none.
 */
export function recalled(
  { variants }: Pick<Experiment, 'variants'>,
  kept: readonly (KeptAssignment | null)[],
): Recalled | null {
  const isThere = (one: KeptAssignment | null) => variants.some(({ key }) => key === one?.variant);
  const index = kept.findIndex(isThere);
  const found = kept[index] ?? null;
  return found === null ? null : { ...found, inherited: index > 0 };
}
