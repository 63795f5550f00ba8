import { type Assignment, assign, type EvaluationContext } from '../../experiments/assignment.ts';
import { featureUnits } from '../features/feature-set.ts';
import type { RequestContext } from '../http/request-context.ts';
import { Problem } from '../problems.ts';
import type { CompiledEndpoint } from '../snapshot/snapshot.ts';
import { drawVersion } from './draw-version.ts';
import { findVersion } from './endpoint-versions.ts';
import { evaluationContext } from './evaluation-context.ts';
import { type AttemptPlan, planAttempts } from './plan-attempts.ts';
import { type Trial, trialOf } from './trial.ts';

/** One inference request on its way: what each phase found out. */
export interface Inference {
  readonly endpoint: CompiledEndpoint;
  /** What the request says of its unit. */
  readonly attributes: EvaluationContext;
  readonly assignment: Assignment;
  readonly plan: AttemptPlan;
  /** Its part in the trial of a version, where it is served outside of experiments while there is one. */
  readonly trial: Trial | null;
}

/** What a request says of its unit. Throws `wrong-target-kind` where the endpoint serves no model. */
export function attributesOf(
  context: RequestContext,
  endpoint: CompiledEndpoint,
  sources: Pick<Parameters<typeof evaluationContext>[0], 'headers' | 'parameters'>,
): EvaluationContext {
  if (context.tenant === null) throw new Error('an unauthenticated request reached the data plane');
  if (endpoint.defaultTarget.target.kind === 'http') {
    throw new Problem(
      'wrong-target-kind',
      `endpoint "${endpoint.endpoint.key}" is a plain HTTP host: call /v1/proxy/${endpoint.endpoint.key}/…`,
    );
  }
  return evaluationContext({ ...sources, tenant: context.tenant, units: unitsOf(endpoint) });
}

const unitsOf = ({ units, endpoint }: CompiledEndpoint) => [...units, ...featureUnits(endpoint.features)];

/** Who is assigned what, and what is to be tried for it: what the request says of its unit in, a plan out. */
export function decideInference(
  context: RequestContext,
  endpoint: CompiledEndpoint,
  {
    attributes,
    version,
  }: {
    readonly attributes: EvaluationContext;
    /** Asked for by name: served as that, outside of every experiment. */
    readonly version: string | undefined;
  },
): Inference {
  context.dimensions = endpoint.dimensionsOf(attributes);
  if (version !== undefined) return { ...pinned(context, endpoint, version), attributes };
  const assignment = assign(endpoint.experiments, attributes, context.knowledge);
  context.log['assignment'] = assignment.reason;
  if (assignment.kind === 'enrolled') {
    context.log['experiment'] = assignment.experiment;
    context.log['variant'] = assignment.variant.key;
  }
  const unit = unitsOf(endpoint)
    .map((name) => attributes[name])
    .find((value) => typeof value === 'string');
  const id = unit ?? context.requestId;
  const defaultTarget = drawVersion(endpoint.defaultTarget, id);
  const plan = planAttempts(assignment, { ...endpoint, defaultTarget });
  const chosenHere = assignment.kind !== 'enrolled' || assignment.variant.target === undefined;
  return { endpoint, attributes, assignment, plan, trial: chosenHere ? trialOf(defaultTarget, id) : null };
}

function pinned(
  context: RequestContext,
  endpoint: CompiledEndpoint,
  version: string,
): Omit<Inference, 'attributes'> {
  context.log['assignment'] = 'version-asked-for';
  const assignment = { kind: 'not-enrolled', reason: 'no-experiment' } as const;
  const plan = planAttempts(assignment, { ...endpoint, defaultTarget: findVersion(endpoint, version) });
  return { endpoint, assignment, plan, trial: null };
}
