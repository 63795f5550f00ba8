import { WebAcl } from '@pulumi/aws/wafv2/webAcl.js';
import { WebAclAssociation } from '@pulumi/aws/wafv2/webAclAssociation.js';
import type { Output, Resource } from '@pulumi/pulumi';
import { type AwsPlan, REQUESTS_PER_CLIENT_MINUTE } from '../cloud-plan.ts';

/**
 * A firewall before the public load balancer: addresses of ill repute, known bad input, and a limit per
 * address. AWS's core rules are left out: they refuse bodies past 8 KiB, which tensors are.
 */
export function makeFirewall(plan: AwsPlan, balancerArn: Output<string>, parent: Resource): void {
  const visibility = (metricName: string) => ({
    metricName: `${plan.base}-${metricName}`,
    cloudwatchMetricsEnabled: true,
    sampledRequestsEnabled: false,
  });
  const managed = (name: string, priority: number) => ({
    name,
    priority,
    overrideAction: { none: {} },
    statement: { managedRuleGroupStatement: { vendorName: 'AWS', name } },
    visibilityConfig: visibility(name),
  });
  const acl = new WebAcl(
    'firewall',
    {
      name: plan.base,
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      rules: [
        managed('AWSManagedRulesAmazonIpReputationList', 0),
        managed('AWSManagedRulesKnownBadInputsRuleSet', 1),
        {
          name: 'per-address',
          priority: 2,
          action: { block: { customResponse: { responseCode: 429 } } },
          statement: {
            rateBasedStatement: {
              aggregateKeyType: 'IP',
              evaluationWindowSec: 60,
              limit: REQUESTS_PER_CLIENT_MINUTE,
            },
          },
          visibilityConfig: visibility('per-address'),
        },
      ],
      visibilityConfig: visibility('firewall'),
    },
    { parent },
  );
  new WebAclAssociation('firewall', { resourceArn: balancerArn, webAclArn: acl.arn }, { parent });
}
