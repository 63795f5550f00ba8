import { enrol } from '../../experiments/assignment.ts';
import type { CompiledSegment } from '../../experiments/audience/scope.ts';
import type { Subject } from '../../experiments/check.ts';
import { type CompiledExperiment, compileExperiment } from '../../experiments/compile-experiment.ts';
import { withoutHalted } from '../../experiments/halt.ts';
import type { CompiledHoldout } from '../../experiments/holdout.ts';
import { holdoutsOf } from './compile-endpoints.ts';
import type { ConfigurationIssue } from './configuration-issue.ts';
import type { ParsedConfiguration } from './parse-documents.ts';

interface Surroundings {
  readonly segments: ReadonlyMap<string, CompiledSegment>;
  readonly holdouts: readonly CompiledHoldout[];
}

/** The experiments of one environment, compiled, by key. Issues are those of their audiences. */
export function compileExperiments(
  parsed: ParsedConfiguration,
  { segments, holdouts }: Surroundings,
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
  for (const [key, registered] of parsed.experiments) {
    const result = compileExperiment({
      ...registered,
      segments,
      layers: parsed.layers,
      holdouts: holdoutsOf(registered.experiment.endpoint, holdouts),
      isInVariant,
    });
    if (result.ok) compiled.set(key, withoutHalted(result.compiled, [...parsed.halts.values()]));
    else issues.push(...result.issues.map((issue) => ({ ...issue, resource: `experiments/${key}` })));
  }
  return compiled;
}
