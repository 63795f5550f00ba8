import { Address } from '@pulumi/gcp/compute/address.js';
import { Network } from '@pulumi/gcp/compute/network.js';
import { Router } from '@pulumi/gcp/compute/router.js';
import { RouterNat } from '@pulumi/gcp/compute/routerNat.js';
import { Subnetwork } from '@pulumi/gcp/compute/subnetwork.js';
import { all, type Output, type Resource } from '@pulumi/pulumi';
import type { GcpPlan } from '../cloud-plan.ts';

const CIDR = '10.61.0.0/20';

export interface GcpNetwork {
  readonly networkId: Output<string>;
  readonly subnetworkId: Output<string>;
  /** Addresses that requests to the outside come from: what a database lets in. */
  readonly egressAddresses: Output<string[]>;
}

/** What Cloud Run reaches the outside through: addresses that stay, for the database's access list. */
export function makeNetwork(
  plan: GcpPlan,
  { parent, after }: { readonly parent: Resource; readonly after: readonly Resource[] },
): GcpNetwork {
  const options = { parent };
  const network = new Network(
    'network',
    { name: plan.base, autoCreateSubnetworks: false, routingMode: 'REGIONAL' },
    { parent, dependsOn: [...after] },
  );
  const subnetwork = new Subnetwork(
    'services',
    {
      name: `${plan.base}-services`,
      network: network.id,
      region: plan.region,
      ipCidrRange: CIDR,
      // Google's own services are reached without leaving its network.
      privateIpGoogleAccess: true,
    },
    options,
  );
  const router = new Router(
    'egress',
    { name: `${plan.base}-egress`, network: network.id, region: plan.region },
    options,
  );
  // A second address doubles the connections that can be open, in production.
  const numbers = plan.isProduction ? ['1', '2'] : ['1'];
  const addresses = numbers.map(
    (number) =>
      new Address(
        `egress-${number}`,
        { name: `${plan.base}-egress-${number}`, region: plan.region, addressType: 'EXTERNAL' },
        { parent, dependsOn: [network] },
      ),
  );
  new RouterNat(
    'egress',
    {
      name: `${plan.base}-egress`,
      router: router.name,
      region: plan.region,
      natIpAllocateOption: 'MANUAL_ONLY',
      natIps: addresses.map(({ selfLink }) => selfLink),
      sourceSubnetworkIpRangesToNat: 'LIST_OF_SUBNETWORKS',
      subnetworks: [{ name: subnetwork.id, sourceIpRangesToNats: ['ALL_IP_RANGES'] }],
      logConfig: { enable: true, filter: 'ERRORS_ONLY' },
    },
    options,
  );
  return {
    networkId: network.id,
    subnetworkId: subnetwork.id,
    egressAddresses: all(addresses.map(({ address }) => address)),
  };
}
