import { RecordSet } from '@pulumi/gcp/dns/recordSet.js';
import { interpolate, type Resource } from '@pulumi/pulumi';
import type { GcpPlan } from '../cloud-plan.ts';
import type { GcpAddress } from './load-balancer.ts';

/** The gateway's name in Cloud DNS, where Google Cloud stands alone, and the proof of it. */
export function makeRecords(
  plan: GcpPlan,
  {
    zone,
    address,
    parent,
  }: { readonly zone: string; readonly address: GcpAddress; readonly parent: Resource },
): void {
  const { proof, ipAddress } = address;
  new RecordSet(
    'gateway',
    {
      managedZone: zone,
      name: interpolate`${plan.gatewayHost}.`,
      type: 'A',
      ttl: 60,
      rrdatas: [ipAddress],
    },
    { parent },
  );
  new RecordSet(
    'gateway-proof',
    { managedZone: zone, name: proof.name, type: proof.type, ttl: 300, rrdatas: [proof.data] },
    { parent },
  );
}
