import type { CompiledExperiment } from '../../experiments/assignment.ts';
import type { Experiment } from '../../experiments/experiment.ts';
import type { CompiledEndpoint, Flag } from './snapshot.ts';
import { stickyAmong } from './sticky-among.ts';

/** Those that have begun: what is not yet decided on is nobody's flag, and what is over says that it is disabled. */
const SHOWN = new Set(['running', 'paused', 'stopped']);

/** The flags of these experiments, in key order. */
export function compileFlags(
  experiments: readonly CompiledExperiment[],
  {
    endpoints,
    byKey,
  }: {
    readonly endpoints: ReadonlyMap<string, CompiledEndpoint>;
    /** Every experiment. */
    readonly byKey: ReadonlyMap<string, CompiledExperiment>;
  },
): ReadonlyMap<string, Flag> {
  const flags = new Map<string, Flag>();
  for (const compiled of experiments.toSorted((a, b) => (a.experiment.key < b.experiment.key ? -1 : 1))) {
    const { key, endpoint: name } = compiled.experiment;
    const endpoint = endpoints.get(name);
    if (endpoint === undefined || !SHOWN.has(compiled.state)) continue;
    flags.set(key, {
      key,
      compiled,
      endpoint,
      sticky: stickyAmong([compiled], byKey),
      values: valuesOf(compiled.experiment),
      outside: flagValue(endpoint.endpoint.parameters),
    });
  }
  return flags;
}

const known = new WeakMap<Experiment, Flag['values']>();

function valuesOf(experiment: Experiment): Flag['values'] {
  const before = known.get(experiment);
  if (before !== undefined) return before;
  const values = new Map(
    experiment.variants.map((variant) => [variant.key, flagValue(variant.parameters) ?? variant.key]),
  );
  known.set(experiment, values);
  return values;
}

/** Parameters that are one `value` are that value, so that a flag can be a boolean, a number or a text. */
function flagValue(parameters: Readonly<Record<string, unknown>> | undefined): unknown {
  if (parameters === undefined) return undefined;
  const names = Object.keys(parameters);
  return names.length === 1 && names[0] === 'value' ? parameters['value'] : parameters;
}
