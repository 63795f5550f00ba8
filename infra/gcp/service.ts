import { Service } from '@pulumi/gcp/cloudrunv2/service.js';
import { ServiceIamMember } from '@pulumi/gcp/cloudrunv2/serviceIamMember.js';
import type { Account } from '@pulumi/gcp/serviceaccount/account.js';
import { type Input, interpolate, type Output, type Resource } from '@pulumi/pulumi';
import type { GcpPlan, ServicePlan } from '../cloud-plan.ts';
import type { ProcessName } from '../store-use.ts';
import type { GcpNetwork } from './network.ts';
import type { SecretReference } from './secrets.ts';

/** A start that takes longer is given up, s: a gateway loads its configuration, a runner its models. */
const START_SECONDS = 120;
const PROBE_PERIOD_SECONDS = 5;
const REQUEST_TIMEOUT_SECONDS = 600;

export interface CloudRunParts {
  readonly account: Account;
  readonly network: GcpNetwork;
  readonly imageRepository: Output<string>;
  readonly secrets: Readonly<Record<string, SecretReference>>;
  /** Variables whose values are known only once something else is made. */
  readonly environment: Readonly<Record<string, Input<string>>>;
  /** Members that may call it; null: anyone whom the load balancer lets through. */
  readonly invokers: Readonly<Record<string, Output<string>>> | null;
  readonly after: readonly Resource[];
  readonly parent: Resource;
}

/**
 * A gateway or a runner on Cloud Run; null while its plan has no image. Its processors stay on between
 * requests: a gateway polls its configuration and ships exposures then. Its file system is memory: what is
 * not yet shipped goes with the instance (docs/lake.md).
 */
export function makeService(plan: GcpPlan, process: ProcessName, parts: CloudRunParts): Service | null {
  const { account, network, invokers, parent } = parts;
  const service = plan[process];
  if (service.image === null) return null;
  const running = new Service(
    process,
    {
      name: service.name,
      location: plan.region,
      deletionProtection: plan.isProduction,
      ingress: invokers === null ? 'INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER' : 'INGRESS_TRAFFIC_ALL',
      // Who may call a gateway is decided by its API keys; a runner asks IAM, by the caller's ID token.
      invokerIamDisabled: invokers === null,
      template: {
        serviceAccount: account.email,
        executionEnvironment: 'EXECUTION_ENVIRONMENT_GEN2',
        scaling: { minInstanceCount: service.minInstances, maxInstanceCount: service.maxInstances },
        maxInstanceRequestConcurrency: service.requestsAtOnce,
        timeout: `${REQUEST_TIMEOUT_SECONDS}s`,
        vpcAccess: {
          egress: 'ALL_TRAFFIC',
          networkInterfaces: [{ network: network.networkId, subnetwork: network.subnetworkId }],
        },
        containers: [containerOf(process, service, parts, service.image)],
        volumes: [{ name: 'data', emptyDir: { medium: 'MEMORY', sizeLimit: `${service.memoryMib / 4}Mi` } }],
      },
      // Blue/green as it is: a new revision gets requests when its start-up probe has passed, all of them at once,
      // and the one before stays to go back to.
      traffics: [{ type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST', percent: 100 }],
    },
    { parent, dependsOn: [...parts.after, ...Object.values(parts.secrets).map(({ grant }) => grant)] },
  );
  for (const [name, member] of Object.entries(invokers ?? {})) {
    new ServiceIamMember(
      name,
      { name: running.name, location: plan.region, role: 'roles/run.invoker', member },
      { parent },
    );
  }
  return running;
}

function containerOf(
  process: ProcessName,
  service: ServicePlan,
  { imageRepository, secrets, environment }: CloudRunParts,
  image: string,
) {
  return {
    name: process,
    image: interpolate`${imageRepository}@${image}`,
    commands: [...service.command],
    ports: { containerPort: service.port },
    volumeMounts: [{ name: 'data', mountPath: service.dataDirectory }],
    resources: {
      limits: { cpu: String(service.vcpus), memory: `${service.memoryMib}Mi` },
      cpuIdle: false,
      startupCpuBoost: true,
    },
    startupProbe: {
      httpGet: { path: service.readyPath, port: service.port },
      periodSeconds: PROBE_PERIOD_SECONDS,
      timeoutSeconds: PROBE_PERIOD_SECONDS,
      failureThreshold: START_SECONDS / PROBE_PERIOD_SECONDS,
    },
    livenessProbe: {
      httpGet: { path: service.livePath, port: service.port },
      periodSeconds: 15,
      timeoutSeconds: 5,
      failureThreshold: 3,
    },
    envs: [
      ...Object.entries({ ...service.environment, ...environment }).map(([name, value]) => ({ name, value })),
      ...Object.entries(secrets).map(([name, { secret, version }]) => ({
        name,
        valueSource: { secretKeyRef: { secret, version } },
      })),
    ],
  };
}
