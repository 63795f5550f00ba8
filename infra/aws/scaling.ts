import { Policy } from '@pulumi/aws/appautoscaling/policy.js';
import { Target } from '@pulumi/aws/appautoscaling/target.js';
import type { Cluster } from '@pulumi/aws/ecs/cluster.js';
import type { Service } from '@pulumi/aws/ecs/service.js';
import { interpolate, type Resource } from '@pulumi/pulumi';
import type { ServicePlan } from '../cloud-plan.ts';
import type { ProcessName } from '../store-use.ts';
import type { ServiceIngress } from './service-ingress.ts';

const TARGET_CPU_PERCENT = 60;

/** As many tasks as requests and processors ask for, between the plan's bounds. */
export function makeScaling(
  service: ServicePlan,
  {
    cluster,
    running,
    process,
    ingress,
    parent,
  }: {
    readonly cluster: Cluster;
    readonly running: Service;
    readonly process: ProcessName;
    readonly ingress: ServiceIngress;
    readonly parent: Resource;
  },
): void {
  const target = new Target(
    process,
    {
      serviceNamespace: 'ecs',
      scalableDimension: 'ecs:service:DesiredCount',
      resourceId: interpolate`service/${cluster.name}/${running.name}`,
      minCapacity: service.minInstances,
      maxCapacity: service.maxInstances,
    },
    { parent },
  );
  const on = {
    policyType: 'TargetTrackingScaling',
    serviceNamespace: target.serviceNamespace,
    scalableDimension: target.scalableDimension,
    resourceId: target.resourceId,
  };
  // Out within a minute, in only after five: a model that has to be loaded again costs more than an idle task.
  const cooldowns = { scaleOutCooldown: 60, scaleInCooldown: 300 };
  new Policy(
    `${process}-cpu`,
    {
      ...on,
      name: 'cpu',
      targetTrackingScalingPolicyConfiguration: {
        ...cooldowns,
        targetValue: TARGET_CPU_PERCENT,
        predefinedMetricSpecification: { predefinedMetricType: 'ECSServiceAverageCPUUtilization' },
      },
    },
    { parent },
  );
  new Policy(
    `${process}-requests`,
    {
      ...on,
      name: 'requests',
      targetTrackingScalingPolicyConfiguration: {
        ...cooldowns,
        targetValue: service.requestsPerMinute,
        predefinedMetricSpecification: {
          predefinedMetricType: 'ALBRequestCountPerTarget',
          resourceLabel: ingress.requestsLabel,
        },
      },
    },
    { parent },
  );
}
