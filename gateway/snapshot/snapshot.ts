import type { CompiledExperiment } from '../../experiments/assignment.ts';
import type { Experiment, ExperimentState } from '../../experiments/experiment.ts';
import type { Metric } from '../../experiments/metric.ts';
import type { ModelVersion } from '../../models/catalogue/model.ts';
import type { Target } from '../../models/catalogue/target.ts';
import type { Endpoint } from '../catalogue/endpoint.ts';
import type { Tenant } from '../catalogue/tenant.ts';
import type { ServiceKeyGrant, TenantKeyGrant } from './compile-keys.ts';
import type { Dimensions } from './dimension-reader.ts';

/** An experiment with its state, as the store keeps it. */
export interface RegisteredExperiment {
  readonly experiment: Experiment;
  readonly state: ExperimentState;
  readonly revision: number;
}

/** A target and the targets that can stand in for it: same model version, other cloud. */
export interface TargetWithTwins {
  readonly target: Target;
  readonly twins: readonly Target[];
  /**
   * The versions that share its traffic while an alias ramps one, each with its weight in basis points; `target` is
   * the heaviest. Null: there is one version only.
   */
  readonly ramp: readonly (TargetWithTwins & { readonly weightBp: number })[] | null;
}

/** An endpoint with everything a request on it needs, found by reference instead of by key. */
export interface CompiledEndpoint {
  readonly endpoint: Endpoint;
  readonly defaultTarget: TargetWithTwins;
  /** The running experiments, mutually exclusive, in key order. */
  readonly experiments: readonly CompiledExperiment[];
  /** The units they randomise, without `tenant`. */
  readonly units: readonly string[];
  /** For every variant's target key. */
  readonly targets: ReadonlyMap<string, TargetWithTwins>;
  /** Reads what exposures record of a context. */
  readonly dimensionsOf: (context: unknown) => Dimensions;
  /** Null: every tenant may call it. */
  readonly tenants: ReadonlySet<string> | null;
}

/** All configuration, compiled and immutable. One request uses one snapshot from beginning to end. */
export interface Snapshot {
  readonly revision: number;
  readonly tenants: ReadonlyMap<string, Tenant>;
  /** SHA-256 of an API key's secret, hex → whose it is and what it may do. */
  readonly tenantKeys: ReadonlyMap<string, TenantKeyGrant>;
  /** The same for keys of the control plane. */
  readonly serviceKeys: ReadonlyMap<string, ServiceKeyGrant>;
  readonly endpoints: ReadonlyMap<string, CompiledEndpoint>;
  readonly experiments: ReadonlyMap<string, RegisteredExperiment>;
  readonly metrics: ReadonlyMap<string, Metric>;
  /** By key, each with the version that its alias names, if it names one. */
  readonly targets: ReadonlyMap<string, Target>;
  /** The same, once for every version that an alias names. */
  readonly servedTargets: readonly Target[];
  /** Key: `model/version`. */
  readonly versions: ReadonlyMap<string, ModelVersion>;
}
