import { HealthCheck } from '@pulumi/aws/route53/healthCheck.js';
import { Record } from '@pulumi/aws/route53/record.js';
import type { Output, Resource } from '@pulumi/pulumi';
import type { AwsPlan } from '../cloud-plan.ts';
import type { AwsLoadBalancer } from './load-balancer.ts';

/** Where Google's gateway answers, and the record that proves the domain to Google's certificates. */
export interface TwinAddress {
  readonly region: string;
  readonly weight: number;
  readonly ipAddress: Output<string>;
  readonly proof: {
    readonly name: Output<string>;
    readonly type: Output<string>;
    readonly data: Output<string>;
  };
}

/** Short, so that a cloud which fails is left within a minute and a half: two checks and one lifetime. */
const TTL_SECONDS = 60;

/**
 * The gateway's name in Route 53: one weighted record per cloud, each left out while its health check fails. A
 * weight of 0 is a stand-by: it is answered only when no record with a weight is healthy, which makes failover
 * the same mechanism. https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-complex-configs.html
 */
export function makeRecords(
  plan: AwsPlan,
  parts: {
    readonly gateway: AwsLoadBalancer;
    readonly twin: TwinAddress | null;
    readonly parent: Resource;
  },
): void {
  const { gateway, twin, parent } = parts;
  const common = { zoneId: plan.hostedZoneId, name: plan.gatewayHost, type: 'A' };
  new Record(
    'gateway-aws',
    {
      ...common,
      setIdentifier: `${plan.base}-aws-${plan.region}`,
      weightedRoutingPolicies: [{ weight: plan.weight }],
      aliases: [
        { name: gateway.balancer.dnsName, zoneId: gateway.balancer.zoneId, evaluateTargetHealth: true },
      ],
    },
    { parent },
  );
  if (twin === null) return;
  const check = new HealthCheck(
    'gateway-gcp',
    {
      type: 'HTTPS',
      ipAddress: twin.ipAddress,
      fqdn: plan.gatewayHost,
      enableSni: true,
      port: 443,
      resourcePath: plan.gateway.readyPath,
      requestInterval: 10,
      failureThreshold: 3,
    },
    { parent },
  );
  new Record(
    'gateway-gcp',
    {
      ...common,
      setIdentifier: `${plan.base}-gcp-${twin.region}`,
      weightedRoutingPolicies: [{ weight: twin.weight }],
      records: [twin.ipAddress],
      ttl: TTL_SECONDS,
      healthCheckId: check.id,
    },
    { parent },
  );
  new Record(
    'gateway-gcp-proof',
    {
      zoneId: plan.hostedZoneId,
      name: twin.proof.name,
      type: twin.proof.type,
      records: [twin.proof.data],
      ttl: 300,
    },
    { parent },
  );
}
