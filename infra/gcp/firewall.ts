import { SecurityPolicy } from '@pulumi/gcp/compute/securityPolicy.js';
import type { Output, Resource } from '@pulumi/pulumi';
import { type GcpPlan, REQUESTS_PER_CLIENT_MINUTE } from '../cloud-plan.ts';

const DEFAULT_PRIORITY = 2_147_483_647;

/** Cloud Armor before the load balancer: known exploits are refused, and a limit per address. */
export function makeFirewall(
  plan: GcpPlan,
  { parent, after }: { readonly parent: Resource; readonly after: readonly Resource[] },
): Output<string> {
  const policy = new SecurityPolicy(
    'firewall',
    {
      name: plan.base,
      type: 'CLOUD_ARMOR',
      rules: [
        {
          priority: 1_000,
          action: 'deny(403)',
          description: 'Known vulnerabilities',
          match: { expr: { expression: "evaluatePreconfiguredWaf('cve-canary', {'sensitivity': 1})" } },
        },
        {
          priority: 2_000,
          action: 'throttle',
          description: 'A limit per address',
          match: { versionedExpr: 'SRC_IPS_V1', config: { srcIpRanges: ['*'] } },
          rateLimitOptions: {
            enforceOnKey: 'IP',
            conformAction: 'allow',
            exceedAction: 'deny(429)',
            rateLimitThreshold: { count: REQUESTS_PER_CLIENT_MINUTE, intervalSec: 60 },
          },
        },
        {
          priority: DEFAULT_PRIORITY,
          action: 'allow',
          description: 'Everybody else',
          match: { versionedExpr: 'SRC_IPS_V1', config: { srcIpRanges: ['*'] } },
        },
      ],
    },
    { parent, dependsOn: [...after] },
  );
  return policy.id;
}
