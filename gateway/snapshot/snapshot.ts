import type { CompiledExperiment } from '../../experiments/assignment.ts';
import type { EnvironmentPolicy } from '../../experiments/environment.ts';
import type { KeptExperiment } from '../../experiments/experiment-status.ts';
import type { Halt } from '../../experiments/halt.ts';
import type { CompiledHoldout, Holdout } from '../../experiments/holdout.ts';
import type { Metric } from '../../experiments/metric.ts';
import type { StoredSegment } from '../../experiments/segment.ts';
import type { RegisteredAlias, TargetChoice } from '../../models/catalogue/alias.ts';
import type { ModelVersion } from '../../models/catalogue/model.ts';
import type { Target } from '../../models/catalogue/target.ts';
import type { Endpoint } from '../catalogue/endpoint.ts';
import type { Tenant } from '../catalogue/tenant.ts';
import type { ServiceKeyGrant, TenantKeyGrant } from './compile-keys.ts';
import type { Dimensions } from './dimension-reader.ts';

/** An experiment as the store keeps it, and the revision at which it last changed. */
export interface RegisteredExperiment extends KeptExperiment {
  readonly revision: number;
}

/** A holdout and the revision at which it last changed. */
export interface RegisteredHoldout {
  readonly value: Holdout;
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
  readonly ramp: readonly VersionChoice[] | null;
}

/** One version of a target, its share of the target's traffic, and the alias whose canary it is compared in, if any. */
export type VersionChoice = TargetWithTwins & Omit<TargetChoice, 'target'>;

/** An endpoint with everything a request on it needs, found by reference instead of by key. */
export interface CompiledEndpoint {
  readonly endpoint: Endpoint;
  readonly defaultTarget: TargetWithTwins;
  /** The running experiments that choose a target: mutually exclusive. */
  readonly experiments: readonly CompiledExperiment[];
  /** The running experiments that only carry parameters: a request may be in several. */
  readonly parameterExperiments: readonly CompiledExperiment[];
  readonly holdouts: readonly CompiledHoldout[];
  /** Of all of them and their prerequisites, those that keep assignments. */
  readonly sticky: readonly CompiledExperiment[];
  /** The units that all of those randomise, without `tenant`. */
  readonly units: readonly string[];
  /** For every variant's target key. */
  readonly targets: ReadonlyMap<string, TargetWithTwins>;
  /** Reads what exposures record of a context. */
  readonly dimensionsOf: (context: unknown) => Dimensions;
  /** Null: every tenant may call it. */
  readonly tenants: ReadonlySet<string> | null;
}

/** An experiment as a client of feature flags sees it: its parameters are the flag's values. */
export interface Flag {
  readonly key: string;
  readonly compiled: CompiledExperiment;
  readonly endpoint: CompiledEndpoint;
  /** The experiment and its prerequisites, where they keep assignments. */
  readonly sticky: readonly CompiledExperiment[];
  /** What each variant gives. */
  readonly values: ReadonlyMap<string, unknown>;
  /** What everyone outside gets; undefined where the client's own default is meant. */
  readonly outside: unknown;
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
  /** The experiments that have begun, as clients of feature flags see them, in key order. */
  readonly flags: ReadonlyMap<string, Flag>;
  readonly experiments: ReadonlyMap<string, RegisteredExperiment>;
  /** The same, ready to assign, whatever their state and environment. */
  readonly compiled: ReadonlyMap<string, CompiledExperiment>;
  readonly holdouts: ReadonlyMap<string, RegisteredHoldout>;
  /** Compiled again, each is what it is here: its uploaded list included. */
  readonly segments: ReadonlyMap<string, StoredSegment>;
  readonly metrics: ReadonlyMap<string, Metric>;
  /** Variants that take no unit. Key: `experiment.variant`. */
  readonly halts: ReadonlyMap<string, Halt>;
  /** What each environment asks of changes; one that is not here asks nothing. */
  readonly environments: ReadonlyMap<string, EnvironmentPolicy>;
  /** By key, each with the version that its alias names, if it names one. */
  readonly targets: ReadonlyMap<string, Target>;
  /** The same, once for every version that an alias names. */
  readonly servedTargets: readonly Target[];
  /** Key: `model/version`. */
  readonly versions: ReadonlyMap<string, ModelVersion>;
  /** Key: `model/alias`. */
  readonly aliases: ReadonlyMap<string, RegisteredAlias>;
}
