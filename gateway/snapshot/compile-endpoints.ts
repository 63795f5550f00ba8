import type { CompiledExperiment } from '../../experiments/assignment.ts';
import { choosesTarget } from '../../experiments/experiment.ts';
import type { CompiledHoldout } from '../../experiments/holdout.ts';
import { dimensionReader } from './dimension-reader.ts';
import type { ParsedConfiguration } from './parse-documents.ts';
import type { CompiledEndpoint } from './snapshot.ts';
import { stickyAmong } from './sticky-among.ts';

interface CompiledParts {
  readonly withTwins: CompiledEndpoint['targets'];
  readonly compiled: readonly CompiledExperiment[];
  readonly holdouts: readonly CompiledHoldout[];
  /** Every experiment, by key. */
  readonly byKey: ReadonlyMap<string, CompiledExperiment>;
}

/** Every endpoint with all that a request on it needs. */
export function compileEndpoints(
  parsed: ParsedConfiguration,
  { withTwins, compiled, holdouts, byKey }: CompiledParts,
): ReadonlyMap<string, CompiledEndpoint> {
  const running = Map.groupBy(
    compiled.filter(({ state }) => state === 'running'),
    ({ experiment }) => experiment.endpoint,
  );
  const endpoints = new Map<string, CompiledEndpoint>();
  for (const [key, endpoint] of parsed.endpoints) {
    const defaultTarget = withTwins.get(endpoint.defaultTarget);
    if (defaultTarget === undefined) continue;
    const here = running.get(key) ?? [];
    const covering = holdoutsOf(key, holdouts);
    const units = [...here.map(({ experiment }) => experiment), ...covering.map(({ holdout }) => holdout)];
    endpoints.set(key, {
      endpoint,
      defaultTarget,
      experiments: here.filter(({ experiment }) => choosesTarget(experiment)),
      parameterExperiments: here.filter(({ experiment }) => !choosesTarget(experiment)),
      holdouts: covering,
      sticky: stickyAmong(here, byKey),
      units: [...new Set(units.map(({ unit }) => unit))].filter((unit) => unit !== 'tenant'),
      targets: withTwins,
      dimensionsOf: dimensionReader(endpoint.dimensions),
      tenants: endpoint.tenants === undefined ? null : new Set(endpoint.tenants),
    });
  }
  return endpoints;
}

/** The holdouts that cover an endpoint: its own and the global ones. */
export function holdoutsOf(endpoint: string, holdouts: readonly CompiledHoldout[]): CompiledHoldout[] {
  return holdouts.filter(({ holdout }) => holdout.endpoint === undefined || holdout.endpoint === endpoint);
}
