import { type Arm, armsOf } from './arms.ts';
import { compileAudience, type EvaluationContext } from './audience/compile-audience.ts';
import type { CompiledSegment, Scope } from './audience/scope.ts';
import type { Check, Refusal, Subject } from './check.ts';
import type { Experiment, ExperimentState } from './experiment.ts';
import type { ExperimentStatus } from './experiment-status.ts';
import { type HashScheme, hashScheme } from './hashes/hash-scheme.ts';
import type { CompiledHoldout } from './holdout.ts';
import type { Issue } from './issue.ts';
import { FULL_SHARE_BP } from './key.ts';
import { type Layer, layerSlot } from './layer.ts';
import { type Sticky, stickyOf, stickyUnitReader } from './sticky.ts';

/** The unit gets what everyone outside gets; of several experiments, this is the one that came closest. */
export interface Refused {
  readonly kind: 'not-enrolled';
  readonly reason: Refusal;
  readonly experiment: string;
}

/** An experiment made ready to assign: everything that does not depend on the request is done. */
export interface CompiledExperiment {
  readonly experiment: Experiment;
  readonly state: ExperimentState;
  readonly revision: number;
  readonly unitIdOf: (context: EvaluationContext) => string | undefined;
  /** Unit → variant, for testing. */
  readonly overrides: ReadonlyMap<string, string>;
  readonly checks: readonly Check[];
  readonly salt: string;
  readonly scheme: HashScheme;
  readonly arms: readonly Arm[];
  /** Variants that take no unit. */
  readonly halted: ReadonlySet<string>;
  /** How it keeps assignments; null where it does not. */
  readonly sticky: Sticky | null;
  readonly refusals: Readonly<Record<Refusal, Refused>>;
}

/** What an experiment refers to. */
export interface Surroundings {
  readonly segments: ReadonlyMap<string, CompiledSegment>;
  readonly layers?: ReadonlyMap<string, Layer>;
  /** The holdouts that cover it. */
  readonly holdouts?: readonly CompiledHoldout[];
  /** Tells whether a subject is in one of those variants of another experiment. */
  readonly isInVariant?: (experiment: string, variants: readonly string[], subject: Subject) => boolean;
}

export interface CompileOptions extends Surroundings {
  readonly experiment: Experiment;
  readonly state: ExperimentState;
  readonly revision: number;
  /** What is asked of it: when it began. */
  readonly status?: Pick<ExperimentStatus, 'startedAt'>;
}

/** Most experiments have neither: they share the empty ones. */
const NONE_HALTED: ReadonlySet<string> = new Set();
const NO_OVERRIDES: ReadonlyMap<string, string> = new Map();

export type Compiled =
  | {
      readonly ok: true;
      readonly compiled: CompiledExperiment;
      /** The segments that its audience names. */
      readonly references: Scope['references'];
    }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** Compiles a validated experiment; the issues are those of its audience, as pointers into the experiment. */
export function compileExperiment(options: CompileOptions): Compiled {
  const { experiment, state, revision } = options;
  const audience = compileAudience(experiment.audience, options.segments);
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
    unitIdOf: stickyUnitReader(experiment),
    overrides: overridesOf(experiment),
    checks: checksOf(options, audience.matches),
    salt: saltOf(experiment),
    scheme: hashScheme(experiment.hash),
    arms: armsOf(experiment),
    halted: NONE_HALTED,
    sticky: stickyOf(experiment, options.status?.startedAt),
    refusals: refusalsOf(experiment.key),
  };
  return { ok: true, compiled, references: audience.references };
}

/** The first version draws by the bare salt; each later one draws anew. */
function saltOf({ key, salt = key, bucketVersion }: Experiment): string {
  return bucketVersion === 1 ? salt : `${salt}@${bucketVersion}`;
}

/** The checks after the unit is known, in their order. */
function checksOf(
  { experiment, layers, holdouts = [], isInVariant }: CompileOptions,
  matches: (context: EvaluationContext) => boolean,
): Check[] {
  const checks: Check[] = [];
  if (holdouts.length > 0) {
    const open = ({ context }: Subject) =>
      holdouts.every(({ membershipOf }) => membershipOf(context)?.variant !== 'held-out');
    checks.push({ reason: 'holdout', passes: open });
  }
  if (Object.keys(experiment.audience).length > 0) {
    checks.push({ reason: 'audience', passes: ({ context }) => matches(context) });
  }
  for (const { experiment: key, variants } of experiment.prerequisites) {
    const passes = (subject: Subject) => isInVariant?.(key, variants, subject) === true;
    checks.push({ reason: 'prerequisite', passes });
  }
  if (experiment.layer !== undefined) {
    const { key, from, to } = experiment.layer;
    const layer = layers?.get(key) ?? { key, hash: 'sha256' };
    const passes = (_: Subject, unitId: string) => {
      const slot = layerSlot(layer, unitId);
      return from <= slot && slot < to;
    };
    checks.push({ reason: 'layer', passes });
  }
  return [...checks, ...allocationCheck(experiment)];
}

/** Enrols the slots below the allocation, so that raising it only adds units. The whole needs no draw, and who is in stays. */
function allocationCheck(experiment: Experiment): Check[] {
  const { key, allocation, hash } = experiment;
  const { allocationSlot } = hashScheme(hash);
  if (allocation === FULL_SHARE_BP || allocationSlot === null) return [];
  const salt = saltOf(experiment);
  const passes = ({ knowledge }: Subject, unitId: string) =>
    knowledge.kept?.has(key) === true || allocationSlot(salt, unitId) < allocation;
  return [{ reason: 'allocation', passes }];
}

function overridesOf({ overrides }: Experiment): ReadonlyMap<string, string> {
  if (overrides.length === 0) return NO_OVERRIDES;
  return new Map(overrides.flatMap(({ variant, units }) => units.map((unit) => [unit, variant] as const)));
}

/** Made once: a refusal is the commonest answer, and need not be allocated for each request. */
function refusalsOf(experiment: string): Readonly<Record<Refusal, Refused>> {
  const refusal = (reason: Refusal): Refused => Object.freeze({ kind: 'not-enrolled', reason, experiment });
  return {
    'not-running': refusal('not-running'),
    'no-unit': refusal('no-unit'),
    holdout: refusal('holdout'),
    audience: refusal('audience'),
    prerequisite: refusal('prerequisite'),
    layer: refusal('layer'),
    allocation: refusal('allocation'),
    halted: refusal('halted'),
  };
}
