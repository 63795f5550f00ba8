import { Budget } from '@pulumi/aws/budgets/budget.js';
import { Dashboard } from '@pulumi/aws/cloudwatch/dashboard.js';
import type { LogGroup } from '@pulumi/aws/cloudwatch/logGroup.js';
import { LogMetricFilter } from '@pulumi/aws/cloudwatch/logMetricFilter.js';
import { MetricAlarm, type MetricAlarmArgs } from '@pulumi/aws/cloudwatch/metricAlarm.js';
import { Topic } from '@pulumi/aws/sns/topic.js';
import { TopicSubscription } from '@pulumi/aws/sns/topicSubscription.js';
import { jsonStringify, type Output, type Resource } from '@pulumi/pulumi';
import { ALARM_LIMITS } from '../alarm-limits.ts';
import type { AwsPlan } from '../cloud-plan.ts';
import type { ProcessName } from '../store-use.ts';
import type { AwsLoadBalancer } from './load-balancer.ts';

export interface MonitoredParts {
  readonly clusterName: Output<string>;
  readonly balancers: Readonly<Record<ProcessName, AwsLoadBalancer>>;
  readonly logGroups: Readonly<Record<ProcessName, LogGroup>>;
  readonly keyArn: Output<string>;
  readonly parent: Resource;
}

const PROCESSES = ['gateway', 'runner'] as const satisfies readonly ProcessName[];

/** Alarms by e-mail, one dashboard, and a budget. What each alarm means: docs/operations.md. */
export function makeMonitoring(plan: AwsPlan, parts: MonitoredParts): void {
  const { parent, keyArn } = parts;
  const topic = new Topic('alarms', { name: `${plan.base}-alarms`, kmsMasterKeyId: keyArn }, { parent });
  new TopicSubscription(
    'alarms',
    { topic: topic.arn, protocol: 'email', endpoint: plan.alertEmail },
    { parent },
  );
  for (const process of PROCESSES) makeAlarms(plan, process, { ...parts, topicArn: topic.arn });
  new Dashboard(
    'dashboard',
    { dashboardName: plan.base, dashboardBody: dashboardBody(plan, parts) },
    { parent },
  );
  new Budget(
    'month',
    {
      name: plan.base,
      budgetType: 'COST',
      timeUnit: 'MONTHLY',
      limitAmount: String(plan.monthlyBudgetUsd),
      limitUnit: 'USD',
      costFilters: [{ name: 'TagKeyValue', values: [`user:stack$${plan.stack}`] }],
      notifications: [
        budgetNotice('ACTUAL', 80, plan.alertEmail),
        budgetNotice('FORECASTED', 100, plan.alertEmail),
      ],
    },
    { parent },
  );
}

const budgetNotice = (notificationType: string, threshold: number, email: string) => ({
  notificationType,
  threshold,
  thresholdType: 'PERCENTAGE',
  comparisonOperator: 'GREATER_THAN',
  subscriberEmailAddresses: [email],
});

function makeAlarms(
  plan: AwsPlan,
  process: ProcessName,
  {
    balancers,
    clusterName,
    logGroups,
    topicArn,
    parent,
  }: MonitoredParts & { readonly topicArn: Output<string> },
): void {
  const { balancer, targetGroups } = balancers[process];
  const name = plan[process].name;
  const onBalancer = { LoadBalancer: balancer.arnSuffix };
  const onService = { ClusterName: clusterName, ServiceName: name };
  const alarm = (what: string, args: Omit<MetricAlarmArgs, 'comparisonOperator' | 'evaluationPeriods'>) =>
    new MetricAlarm(
      `${process}-${what}`,
      {
        name: `${name}-${what}`,
        comparisonOperator: 'GreaterThanThreshold',
        evaluationPeriods: 5,
        datapointsToAlarm: 3,
        period: 60,
        ...(args.extendedStatistic === undefined && { statistic: 'Maximum' }),
        treatMissingData: 'notBreaching',
        alarmActions: [topicArn],
        okActions: [topicArn],
        ...args,
      },
      { parent },
    );
  const errors = new LogMetricFilter(
    `${process}-errors`,
    {
      name: `${name}-errors`,
      logGroupName: logGroups[process].name,
      // pino's levels: 50 is an error, 60 is fatal.
      pattern: '{ $.level >= 50 }',
      metricTransformation: {
        name: `${name}-errors`,
        namespace: 'Switchyard',
        value: '1',
        defaultValue: '0',
      },
    },
    { parent },
  );
  for (const [index, group] of targetGroups.entries()) {
    alarm(index === 0 ? 'unhealthy' : 'unhealthy-green', {
      namespace: 'AWS/ApplicationELB',
      metricName: 'UnHealthyHostCount',
      dimensions: { ...onBalancer, TargetGroup: group.arnSuffix },
      threshold: 0,
    });
  }
  alarm('5xx', {
    namespace: 'AWS/ApplicationELB',
    metricName: 'HTTPCode_Target_5XX_Count',
    dimensions: onBalancer,
    statistic: 'Sum',
    threshold: ALARM_LIMITS.serverErrorsPerMinute,
  });
  alarm('slow', {
    namespace: 'AWS/ApplicationELB',
    metricName: 'TargetResponseTime',
    dimensions: onBalancer,
    extendedStatistic: 'p99',
    threshold: ALARM_LIMITS.p99Seconds,
  });
  alarm('cpu', {
    namespace: 'AWS/ECS',
    metricName: 'CPUUtilization',
    dimensions: onService,
    statistic: 'Average',
    threshold: ALARM_LIMITS.cpuPercent,
  });
  alarm('memory', {
    namespace: 'AWS/ECS',
    metricName: 'MemoryUtilization',
    dimensions: onService,
    threshold: ALARM_LIMITS.memoryPercent,
  });
  alarm('errors', {
    namespace: 'Switchyard',
    metricName: errors.metricTransformation.name,
    statistic: 'Sum',
    threshold: ALARM_LIMITS.errorLogsPerMinute,
  });
}

function dashboardBody(plan: AwsPlan, { balancers, clusterName }: MonitoredParts): Output<string> {
  const widgets = PROCESSES.flatMap((process, row) => {
    const { balancer } = balancers[process];
    const name = plan[process].name;
    const elb = (metric: string, statistic: string) => ({
      metrics: [['AWS/ApplicationELB', metric, 'LoadBalancer', balancer.arnSuffix]],
      stat: statistic,
    });
    const panels = [
      { title: `${process}: requests a minute`, ...elb('RequestCount', 'Sum') },
      { title: `${process}: 5xx a minute`, ...elb('HTTPCode_Target_5XX_Count', 'Sum') },
      { title: `${process}: p99, s`, ...elb('TargetResponseTime', 'p99') },
      {
        title: `${process}: CPU and memory, %`,
        metrics: [
          ['AWS/ECS', 'CPUUtilization', 'ClusterName', clusterName, 'ServiceName', name],
          ['AWS/ECS', 'MemoryUtilization', 'ClusterName', clusterName, 'ServiceName', name],
        ],
        stat: 'Average',
      },
    ];
    return panels.map((panel, column) => ({
      type: 'metric',
      x: column * 6,
      y: row * 6,
      width: 6,
      height: 6,
      properties: { ...panel, region: plan.region, period: 60, view: 'timeSeries' },
    }));
  });
  return jsonStringify({ widgets });
}
