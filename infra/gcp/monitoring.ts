import { Budget } from '@pulumi/gcp/billing/budget.js';
import { Metric } from '@pulumi/gcp/logging/metric.js';
import { AlertPolicy } from '@pulumi/gcp/monitoring/alertPolicy.js';
import { Dashboard } from '@pulumi/gcp/monitoring/dashboard.js';
import { NotificationChannel } from '@pulumi/gcp/monitoring/notificationChannel.js';
import { UptimeCheckConfig } from '@pulumi/gcp/monitoring/uptimeCheckConfig.js';
import { interpolate, type Output, type Resource } from '@pulumi/pulumi';
import { ALARM_LIMITS } from '../alarm-limits.ts';
import type { GcpPlan } from '../cloud-plan.ts';
import type { ProcessName } from '../store-use.ts';

interface MonitoringParts {
  readonly parent: Resource;
  readonly after: readonly Resource[];
}

const PROCESSES = ['gateway', 'runner'] as const satisfies readonly ProcessName[];

/** Alarms by e-mail, one dashboard, and a budget. What each alarm means: docs/operations.md. */
export function makeMonitoring(plan: GcpPlan, parts: MonitoringParts): void {
  const { parent, after } = parts;
  const channel = new NotificationChannel(
    'alarms',
    {
      displayName: `${plan.base} alarms`,
      type: 'email',
      labels: { email_address: plan.alertEmail },
    },
    { parent, dependsOn: [...after] },
  );
  for (const process of PROCESSES) makeAlarms(plan, process, { channel: channel.name, ...parts });
  makeUptimeCheck(plan, channel.name, parent);
  new Dashboard('dashboard', { dashboardJson: dashboardJson(plan) }, { parent, dependsOn: [...after] });
  new Budget(
    'month',
    {
      displayName: plan.base,
      billingAccount: plan.billingAccount,
      budgetFilter: { projects: [`projects/${plan.project}`] },
      amount: { specifiedAmount: { currencyCode: 'USD', units: String(plan.monthlyBudgetUsd) } },
      thresholdRules: [
        { thresholdPercent: 0.8, spendBasis: 'CURRENT_SPEND' },
        { thresholdPercent: 1, spendBasis: 'FORECASTED_SPEND' },
      ],
      allUpdatesRule: { monitoringNotificationChannels: [channel.id] },
    },
    { parent, dependsOn: [...after] },
  );
}

interface Condition {
  readonly filter: string;
  readonly threshold: number;
  readonly aligner: string;
  readonly reducer: string;
}

function makeAlarms(
  plan: GcpPlan,
  process: ProcessName,
  { channel, parent, after }: MonitoringParts & { readonly channel: Output<string> },
): void {
  const name = plan[process].name;
  const resource = `resource.type="cloud_run_revision" AND resource.labels.service_name="${name}"`;
  const errors = new Metric(
    `${process}-errors`,
    {
      name: `${name}-errors`,
      // pino's levels: 50 is an error, 60 is fatal.
      filter: `${resource} AND jsonPayload.level>=50`,
      metricDescriptor: { metricKind: 'DELTA', valueType: 'INT64' },
    },
    { parent, dependsOn: [...after] },
  );
  const run = 'run.googleapis.com';
  const alarms: Readonly<Record<string, Condition>> = {
    '5xx': {
      filter: `${resource} AND metric.type="${run}/request_count" AND metric.labels.response_code_class="5xx"`,
      threshold: ALARM_LIMITS.serverErrorsPerMinute,
      aligner: 'ALIGN_DELTA',
      reducer: 'REDUCE_SUM',
    },
    slow: {
      filter: `${resource} AND metric.type="${run}/request_latencies"`,
      threshold: ALARM_LIMITS.p99Seconds * 1_000,
      aligner: 'ALIGN_PERCENTILE_99',
      reducer: 'REDUCE_MAX',
    },
    cpu: {
      filter: `${resource} AND metric.type="${run}/container/cpu/utilizations"`,
      threshold: ALARM_LIMITS.cpuPercent / 100,
      aligner: 'ALIGN_PERCENTILE_99',
      reducer: 'REDUCE_MEAN',
    },
    memory: {
      filter: `${resource} AND metric.type="${run}/container/memory/utilizations"`,
      threshold: ALARM_LIMITS.memoryPercent / 100,
      aligner: 'ALIGN_PERCENTILE_99',
      reducer: 'REDUCE_MAX',
    },
  };
  for (const [what, condition] of Object.entries(alarms)) {
    alert(`${process}-${what}`, condition.filter, condition);
  }
  alert(
    `${process}-errors`,
    interpolate`${resource} AND metric.type="logging.googleapis.com/user/${errors.name}"`,
    { threshold: ALARM_LIMITS.errorLogsPerMinute, aligner: 'ALIGN_DELTA', reducer: 'REDUCE_SUM' },
  );

  function alert(what: string, filter: string | Output<string>, condition: Omit<Condition, 'filter'>): void {
    new AlertPolicy(
      what,
      {
        displayName: `${plan.base}-${what}`,
        combiner: 'OR',
        notificationChannels: [channel],
        conditions: [
          {
            displayName: what,
            conditionThreshold: {
              filter,
              comparison: 'COMPARISON_GT',
              thresholdValue: condition.threshold,
              duration: '180s',
              aggregations: [
                {
                  alignmentPeriod: '60s',
                  perSeriesAligner: condition.aligner,
                  crossSeriesReducer: condition.reducer,
                },
              ],
            },
          },
        ],
      },
      { parent },
    );
  }
}

/** Asks the gateway from outside, by its own name, as its clients do. */
function makeUptimeCheck(plan: GcpPlan, channel: Output<string>, parent: Resource): void {
  const check = new UptimeCheckConfig(
    'gateway',
    {
      displayName: plan.gateway.name,
      period: '60s',
      timeout: '10s',
      monitoredResource: {
        type: 'uptime_url',
        labels: { host: plan.gatewayHost, project_id: plan.project },
      },
      httpCheck: { path: plan.gateway.readyPath, port: 443, useSsl: true, validateSsl: true },
    },
    { parent },
  );
  new AlertPolicy(
    'gateway-unreachable',
    {
      displayName: `${plan.gateway.name}-unreachable`,
      combiner: 'OR',
      notificationChannels: [channel],
      conditions: [
        {
          displayName: 'unreachable',
          conditionThreshold: {
            filter: interpolate`metric.type="monitoring.googleapis.com/uptime_check/check_passed" AND resource.type="uptime_url" AND metric.labels.check_id="${check.uptimeCheckId}"`,
            comparison: 'COMPARISON_GT',
            thresholdValue: 1,
            duration: '120s',
            aggregations: [
              {
                alignmentPeriod: '120s',
                perSeriesAligner: 'ALIGN_NEXT_OLDER',
                crossSeriesReducer: 'REDUCE_COUNT_FALSE',
              },
            ],
          },
        },
      ],
    },
    { parent },
  );
}

function dashboardJson(plan: GcpPlan): string {
  const panels = PROCESSES.flatMap((process) => {
    const resource = `resource.type="cloud_run_revision" AND resource.labels.service_name="${plan[process].name}"`;
    const panel = (title: string, metric: string, aligner: string) => ({
      title: `${process}: ${title}`,
      xyChart: {
        dataSets: [
          {
            timeSeriesQuery: {
              timeSeriesFilter: {
                filter: `${resource} AND metric.type="run.googleapis.com/${metric}"`,
                aggregation: { alignmentPeriod: '60s', perSeriesAligner: aligner },
              },
            },
          },
        ],
      },
    });
    return [
      panel('requests a second', 'request_count', 'ALIGN_RATE'),
      panel('p99, ms', 'request_latencies', 'ALIGN_PERCENTILE_99'),
      panel('instances', 'container/instance_count', 'ALIGN_MAX'),
      panel('CPU', 'container/cpu/utilizations', 'ALIGN_PERCENTILE_99'),
      panel('memory', 'container/memory/utilizations', 'ALIGN_PERCENTILE_99'),
    ];
  });
  return JSON.stringify({ displayName: plan.base, gridLayout: { columns: '5', widgets: panels } });
}
