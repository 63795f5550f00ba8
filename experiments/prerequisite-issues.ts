import { choosesTarget, type Experiment } from './experiment.ts';
import type { Issue } from './issue.ts';

/** Why an experiment's prerequisites could never be met: unknown variants, a cycle, mutual exclusion. */
export function prerequisiteIssues(key: string, experiments: ReadonlyMap<string, Experiment>): Issue[] {
  const experiment = experiments.get(key);
  if (experiment === undefined) return [];
  return experiment.prerequisites.flatMap(({ experiment: required, variants }, index) => {
    const other = experiments.get(required);
    if (other === undefined) return [];
    const path = `/prerequisites/${index}`;
    const cycle = pathBack(required, key, experiments);
    if (cycle !== undefined) {
      const message = `"${key}" waits for itself (${[key, ...cycle].join(' → ')}): remove one of the prerequisites`;
      return [{ path, code: 'prerequisite-cycle', message, value: required }];
    }
    if (excludeEachOther(experiment, other)) {
      const message = `"${key}" and "${required}" exclude each other, so nobody is ever in both: move one to another layer or endpoint`;
      return [{ path, code: 'prerequisite-excluded', message, value: required }];
    }
    return unknownVariants(other, variants).map(({ variant, at }) => ({
      path: `${path}/variants/${at}`,
      code: 'unknown-variant',
      message: `"${required}" has no variant "${variant}": it has ${other.variants.map((one) => one.key).join(', ')}`,
      value: variant,
    }));
  });
}

function unknownVariants(other: Experiment, variants: readonly string[]) {
  return variants.flatMap((variant, at) =>
    other.variants.some(({ key }) => key === variant) ? [] : [{ variant, at }],
  );
}

function excludeEachOther(left: Experiment, right: Experiment): boolean {
  if (left.layer !== undefined && left.layer.key === right.layer?.key) return true;
  return left.endpoint === right.endpoint && choosesTarget(left) && choosesTarget(right);
}

/** The experiments on the way from one to another by prerequisites, both included; undefined where there is none. */
function pathBack(
  from: string,
  to: string,
  experiments: ReadonlyMap<string, Experiment>,
  visited = new Set<string>(),
): string[] | undefined {
  if (from === to) return [to];
  if (visited.has(from)) return undefined;
  // Whoever was asked once and had no way back has none the second time either.
  visited.add(from);
  for (const { experiment } of experiments.get(from)?.prerequisites ?? []) {
    const rest = pathBack(experiment, to, experiments, visited);
    if (rest !== undefined) return [from, ...rest];
  }
  return undefined;
}
