import { compileSegments } from '../../experiments/audience/compile-segments.ts';
import {
  type CompiledExperiment,
  type CompileOptions,
  compileExperiment,
  type Surroundings,
} from '../../experiments/compile-experiment.ts';
import { type Experiment, type ExperimentState, experimentSchema } from '../../experiments/experiment.ts';
import type { Segment } from '../../experiments/segment.ts';

/** A valid experiment on users with two equal variants, and what the test wants otherwise. */
export function experimentWith(overrides: Partial<Experiment> = {}): Experiment {
  return experimentSchema.parse({
    key: 'ranker-v2',
    endpoint: 'movie-ranking',
    unit: 'user',
    variants: variantsOf([5_000, 5_000]),
    ...overrides,
  });
}

/** Variants `v0`, `v1`, … of those weights. */
export function variantsOf(weights: readonly number[]): Experiment['variants'] {
  return weights.map((weight, index) => ({ key: `v${index}`, weight, target: `target-${index}` }));
}

/** The same, running and compiled; throws where its audience does not compile. */
export function compiledWith(
  overrides: Partial<Experiment> = {},
  {
    state = 'running',
    segments = [],
    ...surroundings
  }: { readonly state?: ExperimentState; readonly segments?: readonly Segment[] } & Pick<
    CompileOptions,
    'status'
  > &
    Omit<Surroundings, 'segments'> = {},
): CompiledExperiment {
  const result = compileExperiment({
    experiment: experimentWith(overrides),
    ...surroundings,
    state,
    revision: 7,
    segments: compileSegments(new Map(segments.map((segment) => [segment.key, segment]))).compiled,
  });
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return result.compiled;
}
