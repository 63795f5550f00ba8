import { variantAt } from './arms.ts';
import { type Assignment, enrol } from './assignment.ts';
import type { EvaluationContext } from './audience/compile-audience.ts';
import type { Knowledge, Refusal } from './check.ts';
import type { CompiledExperiment } from './compile-experiment.ts';

/** One check on the way to a variant, in order. Those after the first that fails were not asked. */
interface ExplainedCheck {
  readonly check:
    | 'running'
    | 'unit'
    | 'override'
    | Exclude<Refusal, 'not-running' | 'no-unit' | 'halted'>
    | 'variant';
  readonly passed: boolean;
  readonly detail: string;
}

export interface Explanation {
  readonly assignment: Assignment;
  readonly checks: readonly ExplainedCheck[];
}

/**
 * Why a context is where it is: the checks that `assign` makes, by the same functions, with what each found. A
 * unit id stands in no detail.
 */
export function explain(
  compiled: CompiledExperiment,
  context: EvaluationContext,
  knowledge: Knowledge = {},
): Explanation {
  const subject = { context, knowledge };
  const assignment = enrol(compiled, subject);
  const checks: ExplainedCheck[] = [];
  const note = (check: ExplainedCheck['check'], passed: boolean, detail: string) => {
    checks.push({ check, passed, detail });
    return passed;
  };
  const { experiment, state, scheme, salt } = compiled;
  const done = () => ({ assignment, checks });
  if (!note('running', state === 'running', `it is ${state}`)) return done();
  const unitId = compiled.unitIdOf(context);
  if (unitId === undefined) {
    note('unit', false, `the context has no usable "${experiment.unit}"`);
    return done();
  }
  note('unit', true, `randomised by "${experiment.unit}"`);
  if (assignment.reason === 'override') {
    note('override', true, `forced to "${variantKey(assignment)}" for testing`);
    return done();
  }
  const kept = knowledge.kept?.get(experiment.key);
  for (const { reason, passes } of compiled.checks) {
    if (reason === 'not-running' || reason === 'no-unit' || reason === 'halted') continue;
    const stays = reason === 'allocation' && kept !== undefined;
    const detail = stays ? 'who was enrolled once stays' : detailOf(compiled, reason, unitId);
    if (!note(reason, passes(subject, unitId), detail)) return done();
  }
  const halted = assignment.reason === 'halted' ? ', which is halted' : '';
  if (kept !== undefined) {
    const since = `kept in "${kept.variant}" since revision ${kept.revision}${halted}`;
    note('variant', assignment.kind === 'enrolled', kept.inherited ? `${since}, inherited` : since);
    return done();
  }
  const slot = scheme.variantSlot(salt, unitId);
  const owner = variantAt(compiled.arms, slot);
  const belongs = owner === null ? 'belongs to nobody' : `belongs to "${owner.key}"${halted}`;
  note('variant', assignment.kind === 'enrolled', `slot ${slot} of 10000 ${belongs}`);
  return done();
}

function variantKey(assignment: Assignment): string {
  return assignment.kind === 'enrolled' ? assignment.variant.key : '';
}

function detailOf(
  { experiment, scheme, salt }: CompiledExperiment,
  reason: Exclude<Refusal, 'not-running' | 'no-unit' | 'halted'>,
  unitId: string,
): string {
  switch (reason) {
    case 'holdout':
      return 'not held out by a holdout that covers it';
    case 'audience':
      return `the context meets ${JSON.stringify(experiment.audience).slice(0, 500)}`;
    case 'prerequisite':
      return `the unit is in the variants of ${experiment.prerequisites.map(({ experiment: key }) => `"${key}"`).join(', ')} that it needs`;
    case 'layer':
      return `the slot is in [${experiment.layer?.from}, ${experiment.layer?.to}) of layer "${experiment.layer?.key}"`;
    case 'allocation': {
      const slot = scheme.allocationSlot?.(salt, unitId);
      return `slot ${slot} is below the allocation of ${experiment.allocation}`;
    }
  }
}
