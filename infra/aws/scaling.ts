import { Policy } from '@pulumi/aws/appautoscaling/policy.js';
import { Target } from '@pulumi/aws/appautoscaling/target.js';
import type { Cluster } from '@pulumi/aws/ecs/cluster.js';
import type { Service } from '@pulumi/aws/ecs/service.js';
import { type Input, interpolate, type Resource } from '@pulumi/pulumi';
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
        customizedMetricSpecification: { metrics: requestsPerTask(service, { cluster, ingress }) },
      },
    },
    { parent },
  );
}

/**
 * AWS's own metric for it belongs to one target group, and goes blind when a blue/green roll turns to the other: this
 * one counts what the load balancer took, and the tasks that there are.
 */
function requestsPerTask(
  { name }: ServicePlan,
  { cluster, ingress }: { readonly cluster: Cluster; readonly ingress: ServiceIngress },
) {
  const dimension = (key: string, value: Input<string>) => ({ name: key, value });
  return [
    {
      id: 'requests',
      returnData: false,
      metricStat: {
        stat: 'Sum',
        metric: {
          namespace: 'AWS/ApplicationELB',
          metricName: 'RequestCount',
          dimensions: [dimension('LoadBalancer', ingress.balancerSuffix)],
        },
      },
    },
    {
      id: 'tasks',
      returnData: false,
      metricStat: {
        stat: 'Average',
        metric: {
          namespace: 'ECS/ContainerInsights',
          metricName: 'RunningTaskCount',
          dimensions: [dimension('ClusterName', cluster.name), dimension('ServiceName', name)],
        },
      },
    },
    {
      id: 'each',
      expression: 'requests / tasks',
      label: 'Requests a minute for each task',
      returnData: true,
    },
  ];
}
