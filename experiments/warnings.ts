import { choosesTarget, type Experiment, type ExperimentState } from './experiment.ts';
import type { Issue } from './issue.ts';
import { FULL_SHARE_BP } from './key.ts';

interface Entry {
  readonly experiment: Experiment;
  readonly state: ExperimentState;
}

/** Shares below this of all eligible units seldom gather enough of them to say anything. */
const LEAST_SHARE_BP = 100;
/** Nobody reads a thousand: the rest are counted. */
const MAX_NAMED = 5;

/** What is legal and yet unwise about an experiment as it would be. `before` is null when it is new. */
export function warningsOf(before: Entry | null, after: Entry, others: Iterable<Entry>): Issue[] {
  return [
    ...underpowered(after),
    ...unmeasured(after),
    ...changedInFlight(before, after),
    ...overlapping(after, others),
  ];
}

function underpowered({ experiment }: Entry): Issue[] {
  const { allocation, variants, ramp } = experiment;
  const reach = ramp?.steps.at(-1)?.allocation ?? allocation;
  return variants.flatMap(({ key, weight }, index) => {
    const share = (weight * reach) / FULL_SHARE_BP;
    if (weight === 0 || share >= LEAST_SHARE_BP) return [];
    const message = `"${key}" gets ${share / 100} % of the eligible units: it may take very long to see an effect; give it more weight, or raise the allocation`;
    return [{ path: `/variants/${index}/weight`, code: 'underpowered', message, value: weight }];
  });
}

function unmeasured({ experiment: { metrics } }: Entry): Issue[] {
  if (metrics === undefined) {
    const message = 'it names no metrics, so there will be no verdict: name a primary one and guardrails';
    return [{ path: '/metrics', code: 'no-metrics', message }];
  }
  if (metrics.guardrails.length > 0) return [];
  const message =
    'it has no guardrails, so nothing stops a variant that does harm: add "error-rate" and "latency"';
  return [
    { path: '/metrics/guardrails', code: 'no-guardrails', message, suggestion: '["error-rate", "latency"]' },
  ];
}

function changedInFlight(before: Entry | null, { experiment }: Entry): Issue[] {
  if (before === null || (before.state !== 'running' && before.state !== 'paused')) return [];
  const was = before.experiment;
  const issues: Issue[] = [];
  const warn = (path: string, code: string, message: string) => issues.push({ path, code, message });
  if (experiment.bucketVersion !== was.bucketVersion) {
    warn('/bucketVersion', 'randomised-anew', 'every unit is drawn again, and many change their variant');
  }
  if (experiment.variants.some(({ weight }, index) => weight !== was.variants[index]?.weight)) {
    const message =
      'weights change in flight: units enrolled under the old ones are analysed apart; prefer to change the allocation';
    warn('/variants', 'weights-in-flight', message);
  }
  if (experiment.allocation < was.allocation) {
    const message = `allocation falls from ${was.allocation} to ${experiment.allocation}: enrolled units drop out`;
    warn('/allocation', 'allocation-lowered', message);
  }
  if (JSON.stringify(experiment.metrics) !== JSON.stringify(was.metrics)) {
    const message =
      'metrics change in flight: choose them before the start, so that nobody chooses by the result';
    warn('/metrics', 'metrics-in-flight', message);
  }
  return issues;
}

/** Legal among experiments on parameters; their effects may still meet. Those that set the same come first. */
function overlapping({ experiment }: Entry, others: Iterable<Entry>): Issue[] {
  if (choosesTarget(experiment) || experiment.layer !== undefined) return [];
  const met = [...others].filter(
    ({ experiment: other, state }) => state === 'running' && meet(experiment, other),
  );
  const shared = met.map(({ experiment: other }) => ({ other, names: sharedParameters(experiment, other) }));
  const named = shared.toSorted((left, right) => right.names.length - left.names.length).slice(0, MAX_NAMED);
  const issues = named.map(({ other, names }) => {
    const message =
      names.length > 0
        ? `"${other.key}" runs on the same endpoint and sets ${names.join(', ')} too: one of them will not be seen; give both slots of one layer`
        : `"${other.key}" runs on the same endpoint and may take the same units: if their effects can meet, give both slots of one layer`;
    return { path: '/layer', code: 'overlapping', message, value: other.key };
  });
  const more = met.length - named.length;
  if (more === 0) return issues;
  const message = `${more} more experiments run on the same endpoint and may take the same units`;
  return [...issues, { path: '/layer', code: 'overlapping', message }];
}

function meet(left: Experiment, right: Experiment): boolean {
  return (
    left.key !== right.key &&
    left.endpoint === right.endpoint &&
    left.environment === right.environment &&
    !choosesTarget(right)
  );
}

function sharedParameters(left: Experiment, right: Experiment): string[] {
  const names = ({ variants }: Experiment) =>
    new Set(variants.flatMap(({ parameters = {} }) => Object.keys(parameters)));
  const others = names(right);
  return [...names(left)].filter((name) => others.has(name)).map((name) => `"${name}"`);
}
