import { compileAudience, type EvaluationContext } from './audience/compile-audience.ts';
import { pathReader } from './audience/path-reader.ts';
import { drawSlot, LAYER_SALT } from './bucketing.ts';
import type { Experiment, ExperimentState, LayerSlots, Variant } from './experiment.ts';
import type { Issue } from './issue.ts';
import { FULL_SHARE_BP } from './key.ts';
import type { Segment } from './segment.ts';
import { total } from './total.ts';

export type { EvaluationContext } from './audience/compile-audience.ts';

/** Why an experiment did not take a unit, and how many checks it had passed by then. */
const CHECKS_PASSED = { 'not-running': 0, 'no-unit': 1, audience: 2, layer: 3, allocation: 4 } as const;
type Refusal = keyof typeof CHECKS_PASSED;

/** The unit belongs to the experiment and to one variant of it, at this and every later request. */
export interface Enrolled {
  readonly kind: 'enrolled';
  readonly reason: 'enrolled';
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

/** The unit gets what everyone outside gets; of several experiments, this is the one that came closest. */
interface Refused {
  readonly kind: 'not-enrolled';
  readonly reason: Refusal;
  readonly experiment: string;
}

/** There was no experiment to ask. */
interface NoExperiment {
  readonly kind: 'not-enrolled';
  readonly reason: 'no-experiment';
  readonly experiment?: undefined;
}

type NotEnrolled = Refused | NoExperiment;
export type Assignment = Enrolled | NotEnrolled;

/** A variant and the slots it owns: half-open and cumulative, from the end of the arm before it to `end`. */
interface Arm {
  readonly variant: Variant;
  readonly end: number;
}

/** An experiment made ready to assign: everything that does not depend on the request is done. */
export interface CompiledExperiment {
  readonly experiment: Experiment;
  readonly state: ExperimentState;
  readonly revision: number;
  readonly unitIdOf: (context: EvaluationContext) => string | undefined;
  readonly matches: (context: EvaluationContext) => boolean;
  readonly salt: string;
  readonly arms: readonly Arm[];
  readonly refusals: Readonly<Record<Refusal, Refused>>;
}

const NO_EXPERIMENT: NoExperiment = Object.freeze({ kind: 'not-enrolled', reason: 'no-experiment' });
const MAX_UNIT_ID_CHARS = 256;

/** Compiles a validated experiment; the issues are those of its audience, as pointers into the experiment. */
export function compileExperiment({
  experiment,
  state,
  revision,
  segments,
}: {
  readonly experiment: Experiment;
  readonly state: ExperimentState;
  readonly revision: number;
  readonly segments: ReadonlyMap<string, Segment>;
}): { ok: true; compiled: CompiledExperiment } | { ok: false; issues: readonly Issue[] } {
  const audience = compileAudience(experiment.audience, segments);
  if (!audience.ok) {
    return {
      ok: false,
      issues: audience.issues.map((issue) => ({ ...issue, path: `/audience${issue.path}` })),
    };
  }
  const compiled = {
    experiment,
    state,
    revision,
    unitIdOf: unitReader(experiment.unit),
    matches: audience.matches,
    salt: experiment.salt ?? experiment.key,
    arms: armsOf(experiment.variants),
    refusals: refusalsOf(experiment.key),
  };
  return { ok: true, compiled };
}

/**
 * Which experiment and variant a context belongs to. The experiments of one endpoint exclude each other
 * (see exclusivityIssues), so the first that enrols is the only one that would. Pure and total: any context
 * gets an answer with its reason, and the same context gets the same answer.
 */
export function assign(experiments: readonly CompiledExperiment[], context: EvaluationContext): Assignment {
  let closest: Refused | undefined;
  for (const compiled of experiments) {
    const outcome = enrol(compiled, context);
    if (outcome.kind === 'enrolled') return outcome;
    if (closest === undefined || cameCloser(outcome, closest)) closest = outcome;
  }
  return closest ?? NO_EXPERIMENT;
}

function cameCloser(outcome: Refused, than: Refused): boolean {
  return CHECKS_PASSED[outcome.reason] > CHECKS_PASSED[than.reason];
}

/** The checks in their order; each one that fails is the reason. */
function enrol(compiled: CompiledExperiment, context: EvaluationContext): Enrolled | Refused {
  const { experiment, salt, refusals } = compiled;
  if (compiled.state !== 'running') return refusals['not-running'];
  const unitId = compiled.unitIdOf(context);
  if (unitId === undefined) return refusals['no-unit'];
  if (!compiled.matches(context)) return refusals.audience;
  if (!ownsSlot(experiment.layer, unitId)) return refusals.layer;
  if (!isAllocated(experiment.allocation, salt, unitId)) return refusals.allocation;
  const variant = variantOf(compiled.arms, drawSlot(salt, 'variant', unitId));
  if (variant === undefined) return refusals.allocation;
  return {
    kind: 'enrolled',
    reason: 'enrolled',
    experiment: experiment.key,
    revision: compiled.revision,
    unit: experiment.unit,
    unitId,
    variant,
    propensityBp: variant.weight,
  };
}

function ownsSlot(layer: LayerSlots | undefined, unitId: string): boolean {
  if (layer === undefined) return true;
  const slot = drawSlot(LAYER_SALT, layer.key, unitId);
  return layer.from <= slot && slot < layer.to;
}

/** Enrols the slots below the allocation, so that raising it only adds units. The whole needs no draw. */
function isAllocated(allocation: number, salt: string, unitId: string): boolean {
  return allocation === FULL_SHARE_BP || drawSlot(salt, 'allocation', unitId) < allocation;
}

/** Undefined only where the weights fall short of the whole, which validation refuses. */
function variantOf(arms: readonly Arm[], slot: number): Variant | undefined {
  for (const arm of arms) if (slot < arm.end) return arm.variant;
  return undefined;
}

function armsOf(variants: readonly Variant[]): Arm[] {
  let end = 0;
  return variants.map((variant) => {
    end += variant.weight;
    return { variant, end };
  });
}

/**
 * Reads the id of a unit: the context attribute of that name, or the tenant's key. A string of 1–256
 * characters or a safe integer is an id. Longer strings are not, so that nobody makes a request expensive;
 * other numbers are not, because JSON has rounded them already and distinct units would become one.
 */
function unitReader(unit: string): (context: EvaluationContext) => string | undefined {
  const read = total(pathReader(unit === 'tenant' ? 'tenant.key' : unit), null);
  return (context) => {
    const id = read(context);
    if (typeof id === 'number') return Number.isSafeInteger(id) ? String(id) : undefined;
    return typeof id === 'string' && id !== '' && id.length <= MAX_UNIT_ID_CHARS ? id : undefined;
  };
}

/** Made once: a refusal is the commonest answer, and need not be allocated for each request. */
function refusalsOf(experiment: string): Readonly<Record<Refusal, Refused>> {
  const refusal = (reason: Refusal): Refused => Object.freeze({ kind: 'not-enrolled', reason, experiment });
  return {
    'not-running': refusal('not-running'),
    'no-unit': refusal('no-unit'),
    audience: refusal('audience'),
    layer: refusal('layer'),
    allocation: refusal('allocation'),
  };
}
