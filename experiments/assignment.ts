import { variantAt } from './arms.ts';
import type { EvaluationContext } from './audience/compile-audience.ts';
import { CHECKS_PASSED, type Knowledge, NOTHING_KNOWN, type Subject } from './check.ts';
import type { CompiledExperiment, Refused } from './compile-experiment.ts';
import type { Variant } from './experiment.ts';

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
  if (forced !== undefined) return enrolled(compiled, { unitId, variant: forced, reason: 'override' });
  for (const check of checks) if (!check.passes(subject, unitId)) return refusals[check.reason];
  const slot = compiled.scheme.variantSlot(compiled.salt, unitId);
  const variant = variantAt(compiled.arms, slot);
  if (variant !== null) return enrolled(compiled, { unitId, variant, reason: 'enrolled' });
  return variantAt(compiled.dealtArms, slot) === null ? refusals.allocation : refusals.halted;
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
  };
}

/** What a tester asked for by token, else what the experiment says of this unit. */
function forcedVariant(
  { experiment, overrides }: CompiledExperiment,
  knowledge: Knowledge,
  unitId: string,
): Variant | undefined {
  const key = knowledge.overrides?.get(experiment.key) ?? overrides.get(unitId);
  return key === undefined ? undefined : experiment.variants.find((variant) => variant.key === key);
}
