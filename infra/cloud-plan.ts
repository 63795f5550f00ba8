import type { CatalogueModel } from './catalogue.ts';
import type { ProcessContract } from './processes.ts';
import type { Cloud, Module } from './settings.ts';

/** One bucket, in the words that both clouds share. */
export interface BucketPlan {
  readonly name: string;
  /** Days after which an object is deleted; null keeps it for good. */
  readonly expireAfterDays: number | null;
  /** Days for which a deleted or overwritten object can be brought back. */
  readonly recoverableDays: number;
}

/** What one cloud stores: model artifacts, and the lake of exposures and outcomes. */
export interface BucketsPlan {
  readonly region: string;
  readonly models: BucketPlan;
  readonly lake: BucketPlan;
  /** The text of `repository.json`, which tells the runners what to serve. */
  readonly repositoryIndex: string;
}

/** A gateway or a runner, in the words that both clouds share. */
export interface ServicePlan extends ProcessContract {
  readonly name: string;
  /** Null until there is an image: everything but the service itself is made. */
  readonly image: string | null;
  readonly vcpus: number;
  readonly memoryMib: number;
  readonly minInstances: number;
  readonly maxInstances: number;
  /** Requests under way in one instance, and requests a minute to it, that another one is started at. */
  readonly requestsAtOnce: number;
  readonly requestsPerMinute: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** The same arguments for both clouds. */
export interface CloudPlan {
  readonly cloud: Cloud;
  readonly stack: string;
  /** First part of every name: the stack's name setting and the stack. */
  readonly base: string;
  readonly region: string;
  readonly isProduction: boolean;
  readonly gatewayHost: string;
  /** Where the other cloud's gateways find this cloud's runners; Cloud Run gives its own. */
  readonly runnerHost: string;
  /** Share of the traffic between the clouds; 0 stands by until no other answers. */
  readonly weight: number;
  readonly hasTwin: boolean;
  readonly buckets: BucketsPlan;
  readonly gateway: ServicePlan;
  readonly runner: ServicePlan;
  readonly modules: ReadonlySet<Module>;
  readonly logRetentionDays: number;
  readonly monthlyBudgetUsd: number;
  readonly alertEmail: string;
}

export interface AwsPlan extends CloudPlan {
  readonly accountId: string;
  readonly zones: readonly string[];
  readonly hostedZoneId: string;
}

export interface GcpPlan extends CloudPlan {
  readonly project: string;
  readonly billingAccount: string;
  /** Null where Route 53 answers for both clouds. */
  readonly dnsZone: string | null;
}

/** What each cloud needs; null where the stack leaves a cloud out. */
export interface Placement {
  /** On every resource: tags in AWS, labels in GCP. */
  readonly tags: Readonly<Record<string, string>>;
  readonly models: readonly CatalogueModel[];
  readonly aws: AwsPlan | null;
  readonly gcp: GcpPlan | null;
}

/** Days for which a bucket keeps the parts of an upload that was never completed. */
export const ABANDONED_UPLOAD_DAYS = 7;

/** Requests a minute from one address that a firewall lets through, in either cloud. */
export const REQUESTS_PER_CLIENT_MINUTE = 60_000;

/** Images that a registry keeps: the running one, the one before, and history to look for a fault in. */
export const KEPT_IMAGES = 30;
