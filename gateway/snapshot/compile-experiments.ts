import { enrol } from '../../experiments/assignment.ts';
import type { CompiledSegment, Scope } from '../../experiments/audience/scope.ts';
import type { Subject } from '../../experiments/check.ts';
import { type CompiledExperiment, compileExperiment } from '../../experiments/compile-experiment.ts';
import { type Halt, withoutHalted } from '../../experiments/halt.ts';
import type { CompiledHoldout } from '../../experiments/holdout.ts';
import type { Layer } from '../../experiments/layer.ts';
import { holdoutsOf } from './compile-endpoints.ts';
import type { ConfigurationIssue } from './configuration-issue.ts';
import type { ParsedConfiguration } from './parse-documents.ts';
import type { RegisteredExperiment } from './snapshot.ts';

interface Compiled {
  readonly segments: ReadonlyMap<string, CompiledSegment>;
  readonly holdouts: readonly CompiledHoldout[];
}

/** All that an experiment was compiled from, beside itself. */
interface Surroundings {
  readonly layer: Layer | undefined;
  readonly holdouts: readonly CompiledHoldout[];
  readonly halts: readonly Halt[];
}

interface Known extends Surroundings {
  readonly compiled: CompiledExperiment;
  readonly references: Scope['references'];
}

const NONE: readonly Halt[] = [];

/** Few experiments differ from one configuration to the next: the others are compiled once. */
const known = new WeakMap<RegisteredExperiment, Known>();

/** All experiments, compiled, by key. Issues are those of their audiences. */
export function compileExperiments(
  parsed: ParsedConfiguration,
  { segments, holdouts }: Compiled,
  issues: ConfigurationIssue[],
): ReadonlyMap<string, CompiledExperiment> {
  const compiled = new Map<string, CompiledExperiment>();
  // Asked while a request is served, when all of them are there; cycles were refused.
  const isInVariant = (key: string, variants: readonly string[], subject: Subject) => {
    const prerequisite = compiled.get(key);
    if (prerequisite === undefined) return false;
    const outcome = enrol(prerequisite, subject);
    return outcome.kind === 'enrolled' && variants.includes(outcome.variant.key);
  };
  const covering = new Map<string, readonly CompiledHoldout[]>();
  const haltsOf = Map.groupBy(parsed.halts.values(), ({ experiment }) => experiment);
  for (const [key, registered] of parsed.experiments) {
    const { endpoint, layer } = registered.experiment;
    const here = covering.get(endpoint) ?? holdoutsOf(endpoint, holdouts);
    covering.set(endpoint, here);
    const around: Surroundings = {
      layer: layer && parsed.layers.get(layer.key),
      holdouts: here,
      halts: haltsOf.get(key) ?? NONE,
    };
    const before = known.get(registered);
    if (before !== undefined && isSame(before, around, segments)) {
      compiled.set(key, before.compiled);
      continue;
    }
    const result = compileExperiment({
      ...registered,
      segments,
      layers: parsed.layers,
      holdouts: around.holdouts,
      isInVariant,
    });
    if (!result.ok) {
      issues.push(...result.issues.map((issue) => ({ ...issue, resource: `experiments/${key}` })));
      continue;
    }
    const made = withoutHalted(result.compiled, around.halts);
    compiled.set(key, made);
    known.set(registered, { ...around, compiled: made, references: result.references });
  }
  return compiled;
}

/** Whether it would be compiled to the same again. One that has prerequisites holds on to the others of its time. */
function isSame(
  before: Known,
  around: Surroundings,
  segments: ReadonlyMap<string, CompiledSegment>,
): boolean {
  return (
    before.compiled.experiment.prerequisites.length === 0 &&
    before.layer === around.layer &&
    areSame(before.holdouts, around.holdouts) &&
    areSame(before.halts, around.halts) &&
    before.references.every(({ key, segment }) => segments.get(key) === segment)
  );
}

function areSame<T>(before: readonly T[], now: readonly T[]): boolean {
  return before.length === now.length && before.every((one, index) => one === now[index]);
}
