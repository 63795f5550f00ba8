import type { AwsPlan, CloudPlan, GcpPlan, Placement, ServicePlan } from '../cloud-plan.ts';
import { SECRET_SETTINGS } from '../settings.ts';
import type { Prices } from './prices.ts';

/** One line of an estimate. `most` is what autoscaling may make of it; fixed lines have it equal. */
interface CostLine {
  readonly cloud: CloudPlan['cloud'];
  readonly item: string;
  readonly monthlyUsd: number;
  readonly mostMonthlyUsd: number;
}

export interface CostEstimate {
  readonly lines: readonly CostLine[];
  /** What is paid without a single request, and what is paid at most, for instances alone. */
  readonly monthlyUsd: number;
  readonly mostMonthlyUsd: number;
  /** What each million of requests adds to it, by cloud. */
  readonly millionRequestsUsd: Readonly<Partial<Record<CloudPlan['cloud'], number>>>;
}

const HOURS_PER_MONTH = 730;
const MILLION = 1_000_000;
/** Interface endpoints of a zone in production; load balancers of a stack in AWS. */
const ENDPOINTS_PER_ZONE = 6;
const BALANCERS = 2;
const ALARMS = 12;
const FORWARDING_RULES = 2;

/** What a stack costs a month by the declared prices, from its plan alone. Pure. */
export function estimateCost({ aws, gcp }: Placement, prices: Prices): CostEstimate {
  const lines = [...(aws ? awsLines(aws, prices) : []), ...(gcp ? gcpLines(gcp, prices) : [])];
  const sum = (key: 'monthlyUsd' | 'mostMonthlyUsd') => lines.reduce((total, line) => total + line[key], 0);
  return {
    lines,
    monthlyUsd: sum('monthlyUsd'),
    mostMonthlyUsd: sum('mostMonthlyUsd'),
    millionRequestsUsd: {
      ...(aws && { aws: awsPerMillion(aws, prices) }),
      ...(gcp && { gcp: gcpPerMillion(gcp, prices) }),
    },
  };
}

type CloudPrices = Readonly<Record<'vcpuHour' | 'gibHour', number>>;

function instances(
  cloud: CloudPlan['cloud'],
  item: string,
  service: ServicePlan,
  prices: CloudPrices,
): CostLine {
  const { vcpus, memoryMib, minInstances, maxInstances, image } = service;
  const hour = vcpus * prices.vcpuHour + (memoryMib / 1_024) * prices.gibHour;
  const month = image === null ? 0 : hour * HOURS_PER_MONTH;
  return {
    cloud,
    item: `${item}: ${minInstances}–${maxInstances} × ${vcpus} vCPU, ${memoryMib / 1_024} GiB`,
    monthlyUsd: month * minInstances,
    mostMonthlyUsd: month * maxInstances,
  };
}

function awsLines(plan: AwsPlan, { aws }: Prices): CostLine[] {
  const zones = plan.zones.length;
  const nats = plan.isProduction ? zones : 1;
  const fixed = (item: string, monthlyUsd: number): CostLine => ({
    cloud: 'aws',
    item,
    monthlyUsd,
    mostMonthlyUsd: monthlyUsd,
  });
  const hourly = (count: number, price: number) => count * price * HOURS_PER_MONTH;
  return [
    instances('aws', 'gateway', plan.gateway, aws),
    instances('aws', 'runner', plan.runner, aws),
    fixed('load balancers, with a unit each', hourly(BALANCERS, aws.balancerHour + aws.balancerUnitHour)),
    fixed(`NAT gateways: ${nats}`, hourly(nats, aws.natHour)),
    fixed('public addresses', hourly(nats + zones, aws.publicAddressHour)),
    ...(plan.isProduction
      ? [fixed('interface endpoints', hourly(ENDPOINTS_PER_ZONE * zones, aws.interfaceEndpointHour))]
      : []),
    fixed(
      'key, secrets, alarms, dashboard, zone',
      aws.keyMonth +
        SECRET_SETTINGS.length * aws.secretMonth +
        ALARMS * aws.alarmMonth +
        aws.dashboardMonth +
        aws.zoneMonth,
    ),
    ...(plan.hasTwin ? [fixed('health check of the other cloud', aws.healthCheckMonth)] : []),
    ...(plan.modules.has('firewall') ? [fixed('firewall', aws.firewallMonth)] : []),
    fixed('lake: writing', lakeWrites(plan, aws.writeThousand)),
  ];
}

function gcpLines(plan: GcpPlan, { gcp }: Prices): CostLine[] {
  const addresses = plan.isProduction ? 2 : 1;
  const fixed = (item: string, monthlyUsd: number): CostLine => ({
    cloud: 'gcp',
    item,
    monthlyUsd,
    mostMonthlyUsd: monthlyUsd,
  });
  return [
    instances('gcp', 'gateway', plan.gateway, gcp),
    instances('gcp', 'runner', plan.runner, gcp),
    fixed('load balancer', FORWARDING_RULES * gcp.balancerHour * HOURS_PER_MONTH),
    fixed('NAT and addresses', (gcp.natHour + addresses * gcp.publicAddressHour) * HOURS_PER_MONTH),
    fixed('secrets', SECRET_SETTINGS.length * gcp.secretMonth),
    ...(plan.modules.has('firewall') ? [fixed('firewall', gcp.firewallMonth)] : []),
    fixed('lake: writing', lakeWrites(plan, gcp.writeThousand)),
  ];
}

/** A gateway ships every fifteen seconds while there is something to ship: two kinds of segment. */
const SHIPMENTS_PER_HOUR = 2 * 240;

const lakeWrites = ({ gateway }: CloudPlan, thousandUsd: number): number =>
  (gateway.minInstances * SHIPMENTS_PER_HOUR * HOURS_PER_MONTH * thousandUsd) / 1_000;

function awsPerMillion(plan: AwsPlan, { aws, assumed }: Prices): number {
  const firewall = plan.modules.has('firewall') ? aws.firewallMillionRequests : 0;
  const { balancerUnitsPerThousandRequestsASecond: units } = assumed;
  // A million requests are a thousand a second for a thousand seconds.
  const balancer = units * (1_000 / 3_600) * aws.balancerUnitHour * BALANCERS;
  return firewall + balancer + dataPerMillion(plan, aws, assumed);
}

function gcpPerMillion(plan: GcpPlan, { gcp, assumed }: Prices): number {
  const firewall = plan.modules.has('firewall') ? gcp.firewallMillionRequests : 0;
  const through = MILLION * (assumed.requestGib + assumed.answerGib) * gcp.balancerGib;
  return firewall + through + dataPerMillion(plan, gcp, assumed);
}

/** Answers that leave, log records, and exposures for as long as the lake keeps them. */
function dataPerMillion(
  { buckets }: CloudPlan,
  prices: Readonly<Record<'egressGib' | 'logGib' | 'storeGibMonth', number>>,
  assumed: Prices['assumed'],
): number {
  const monthsKept = (buckets.lake.expireAfterDays ?? 0) / 30;
  return (
    MILLION *
    (assumed.answerGib * prices.egressGib +
      assumed.logGibPerRequest * prices.logGib +
      assumed.exposureGib * prices.storeGibMonth * monthsKept)
  );
}
