import { variantAt } from './arms.ts';
import type { EvaluationContext } from './audience/compile-audience.ts';
import { CHECKS_PASSED, type Knowledge, NOTHING_KNOWN, type Subject } from './check.ts';
import type { CompiledExperiment, Refused } from './compile-experiment.ts';
import type { Variant } from './experiment.ts';
import type { KeptUnit, Recalled, Sticky } from './sticky.ts';

export type { EvaluationContext } from './audience/compile-audience.ts';
export { type CompiledExperiment, compileExperiment } from './compile-experiment.ts';

/** The unit belongs to the experiment and to one variant of it, at this and every later request. */
export interface Enrolled {
  readonly kind: 'enrolled';
  /** `override`: forced for testing, so that its requests are no exposures. */
  readonly reason: 'enrolled' | 'override';
  /** Key of the experiment, and the revision of it that assigned. */
  readonly experiment: string;
  readonly revision: number;
  /** What is randomised: `user`, `tenant`, … */
  readonly unit: string;
  readonly unitId: string;
  readonly variant: Variant;
  /** Probability, in basis points, of this variant among the enrolled. */
  readonly propensityBp: number;
  /** Where the assignment is to be kept once it is used; null where nothing is. */
  readonly keep: { readonly draw: string; readonly unit: KeptUnit } | null;
}

/** There was no experiment to ask. */
interface NoExperiment {
  readonly kind: 'not-enrolled';
  readonly reason: 'no-experiment';
  readonly experiment?: undefined;
}

type NotEnrolled = Refused | NoExperiment;
export type Assignment = Enrolled | NotEnrolled;

const NO_EXPERIMENT: NoExperiment = Object.freeze({ kind: 'not-enrolled', reason: 'no-experiment' });

/**
 * Which experiment and variant a context belongs to. The experiments that choose a target for one endpoint
 * exclude each other (see exclusivityIssues), so the first that enrols is the only one that would, unless a token
 * forces another. Pure and total: any context gets an answer with its reason, and the same context gets the same answer.
 */
export function assign(
  experiments: readonly CompiledExperiment[],
  context: EvaluationContext,
  knowledge: Knowledge = NOTHING_KNOWN,
): Assignment {
  const subject = { context, knowledge };
  let closest: Refused | undefined;
  for (const compiled of forcedFirst(experiments, knowledge)) {
    const outcome = enrol(compiled, subject);
    if (outcome.kind === 'enrolled') return outcome;
    if (closest === undefined || cameCloser(outcome, closest)) closest = outcome;
  }
  return closest ?? NO_EXPERIMENT;
}

/** Every one of the experiments that takes the context: for those that only carry parameters and may overlap. */
export function assignEach(
  experiments: readonly CompiledExperiment[],
  context: EvaluationContext,
  knowledge: Knowledge = NOTHING_KNOWN,
): readonly Enrolled[] {
  const subject = { context, knowledge };
  return experiments.flatMap((compiled) => {
    const outcome = enrol(compiled, subject);
    return outcome.kind === 'enrolled' ? [outcome] : [];
  });
}

/** A tester gets the variant of the token, also where the unit is in another experiment. */
function forcedFirst(
  experiments: readonly CompiledExperiment[],
  { overrides }: Knowledge,
): readonly CompiledExperiment[] {
  if (overrides === undefined) return experiments;
  const isForced = ({ experiment }: CompiledExperiment) => Number(overrides.has(experiment.key));
  return experiments.toSorted((left, right) => isForced(right) - isForced(left));
}

function cameCloser(outcome: Refused, than: Refused): boolean {
  return CHECKS_PASSED[outcome.reason] > CHECKS_PASSED[than.reason];
}

/** The checks in their order; the first that fails is the reason. */
export function enrol(compiled: CompiledExperiment, subject: Subject): Enrolled | Refused {
  const { refusals, checks } = compiled;
  if (compiled.state !== 'running') return refusals['not-running'];
  const unitId = compiled.unitIdOf(subject.context);
  if (unitId === undefined) return refusals['no-unit'];
  const forced = forcedVariant(compiled, subject.knowledge, unitId);
  if (forced !== null) return enrolled(compiled, { unitId, variant: forced, reason: 'override' });
  for (const check of checks) if (!check.passes(subject, unitId)) return refusals[check.reason];
  const kept = subject.knowledge.kept?.get(compiled.experiment.key);
  const variant = kept === undefined ? drawn(compiled, unitId) : variantOf(compiled, kept.variant);
  if (variant === null) return refusals.allocation;
  if (compiled.halted.has(variant.key)) return refusals.halted;
  const assignment = enrolled(compiled, { unitId, variant, reason: 'enrolled' });
  return compiled.sticky === null ? assignment : sticky(compiled.sticky, assignment, { subject, kept });
}

function enrolled(
  { experiment, revision }: CompiledExperiment,
  { unitId, variant, reason }: Pick<Enrolled, 'unitId' | 'variant' | 'reason'>,
): Enrolled {
  return {
    kind: 'enrolled',
    reason,
    experiment: experiment.key,
    revision,
    unit: experiment.unit,
    unitId,
    variant,
    propensityBp: variant.weight,
    keep: null,
  };
}

/** An assignment that is kept says what drew it first; one that is not yet kept under the unit's own id, that it is to be. */
function sticky(
  { draw, unitsOf }: Sticky,
  assignment: Enrolled,
  { subject, kept }: { readonly subject: Subject; readonly kept: Recalled | undefined },
): Enrolled {
  const [own] = unitsOf(subject.context);
  const keep = own === undefined || kept?.inherited === false ? null : { draw, unit: own };
  return kept === undefined
    ? { ...assignment, keep }
    : { ...assignment, revision: kept.revision, propensityBp: kept.propensityBp, keep };
}

function drawn({ arms, scheme, salt }: CompiledExperiment, unitId: string): Variant | null {
  return variantAt(arms, scheme.variantSlot(salt, unitId));
}

function variantOf({ experiment }: CompiledExperiment, key: string): Variant | null {
  return experiment.variants.find((variant) => variant.key === key) ?? null;
}

/** What a tester asked for by token, else what the experiment says of this unit. */
function forcedVariant(
  compiled: CompiledExperiment,
  { overrides }: Knowledge,
  unitId: string,
): Variant | null {
  const key = overrides?.get(compiled.experiment.key) ?? compiled.overrides.get(unitId);
  return key === undefined ? null : variantOf(compiled, key);
}
