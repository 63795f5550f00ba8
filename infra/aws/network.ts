import { Eip } from '@pulumi/aws/ec2/eip.js';
import { InternetGateway } from '@pulumi/aws/ec2/internetGateway.js';
import { NatGateway } from '@pulumi/aws/ec2/natGateway.js';
import { Route } from '@pulumi/aws/ec2/route.js';
import { RouteTable } from '@pulumi/aws/ec2/routeTable.js';
import { RouteTableAssociation } from '@pulumi/aws/ec2/routeTableAssociation.js';
import { SecurityGroup } from '@pulumi/aws/ec2/securityGroup.js';
import { Subnet } from '@pulumi/aws/ec2/subnet.js';
import { Vpc } from '@pulumi/aws/ec2/vpc.js';
import { VpcEndpoint } from '@pulumi/aws/ec2/vpcEndpoint.js';
import { all, type Output, type Resource } from '@pulumi/pulumi';
import type { AwsPlan } from '../cloud-plan.ts';

const CIDR = '10.60.0.0/16';
const ANYWHERE = '0.0.0.0/0';

/** Services that the tasks call all the time; S3 has an endpoint that costs nothing, in every environment. */
const INTERFACE_ENDPOINTS = ['ecr.api', 'ecr.dkr', 'logs', 'secretsmanager', 'kms', 'sts'];

export interface AwsNetwork {
  readonly vpcId: Output<string>;
  readonly cidr: string;
  readonly publicSubnetIds: readonly Output<string>[];
  readonly privateSubnetIds: readonly Output<string>[];
  /** Addresses that requests to the outside come from: what a database lets in. */
  readonly egressAddresses: Output<string[]>;
}

/**
 * A network of two or three zones: load balancers in public subnets, tasks in private ones that reach out
 * through NAT. Production has a NAT gateway in each zone, so that a lost zone takes no other one along, and
 * keeps its calls to AWS inside; development does with one gateway.
 */
export function makeNetwork(plan: AwsPlan, parent: Resource): AwsNetwork {
  const options = { parent };
  const vpc = new Vpc(
    'network',
    { cidrBlock: CIDR, enableDnsHostnames: true, enableDnsSupport: true },
    options,
  );
  const internet = new InternetGateway('internet', { vpcId: vpc.id }, options);
  const publicTable = new RouteTable('public', { vpcId: vpc.id }, options);
  new Route(
    'public',
    { routeTableId: publicTable.id, destinationCidrBlock: ANYWHERE, gatewayId: internet.id },
    options,
  );
  const publicSubnets = plan.zones.map((zone, index) => {
    const subnet = subnetIn(`public-${zone}`, zone, `10.60.${index}.0/24`);
    new RouteTableAssociation(
      `public-${zone}`,
      { subnetId: subnet.id, routeTableId: publicTable.id },
      options,
    );
    return subnet;
  });
  const natZones = plan.isProduction ? plan.zones : plan.zones.slice(0, 1);
  const nats = natZones.map((zone, index) => {
    const address = new Eip(`nat-${zone}`, { domain: 'vpc' }, { parent, dependsOn: [internet] });
    const subnetId = publicSubnets[index]?.id;
    if (subnetId === undefined) throw new Error(`zone ${zone} has no public subnet`);
    const gateway = new NatGateway(`nat-${zone}`, { allocationId: address.id, subnetId }, options);
    return { id: gateway.id, address: address.publicIp };
  });
  const privateParts = plan.zones.map((zone, index) => {
    const subnet = subnetIn(`private-${zone}`, zone, `10.60.${128 + index * 16}.0/20`);
    const table = new RouteTable(`private-${zone}`, { vpcId: vpc.id }, options);
    const nat = nats[index] ?? nats[0];
    if (nat === undefined) throw new Error('the plan names no zone');
    new Route(
      `private-${zone}`,
      { routeTableId: table.id, destinationCidrBlock: ANYWHERE, natGatewayId: nat.id },
      options,
    );
    new RouteTableAssociation(`private-${zone}`, { subnetId: subnet.id, routeTableId: table.id }, options);
    return { subnetId: subnet.id, tableId: table.id };
  });
  const network = {
    vpcId: vpc.id,
    cidr: CIDR,
    publicSubnetIds: publicSubnets.map(({ id }) => id),
    privateSubnetIds: privateParts.map(({ subnetId }) => subnetId),
    egressAddresses: all(nats.map(({ address }) => address)),
  };
  new VpcEndpoint(
    's3',
    {
      vpcId: vpc.id,
      serviceName: `com.amazonaws.${plan.region}.s3`,
      vpcEndpointType: 'Gateway',
      routeTableIds: privateParts.map(({ tableId }) => tableId),
    },
    options,
  );
  if (plan.isProduction) makeInterfaceEndpoints(plan, network, parent);
  return network;

  function subnetIn(name: string, zone: string, block: string): Subnet {
    return new Subnet(
      name,
      {
        vpcId: vpc.id,
        cidrBlock: block,
        availabilityZone: `${plan.region}${zone}`,
        // Nothing gets a public address by being there: load balancers and NAT gateways bring their own.
        mapPublicIpOnLaunch: false,
      },
      options,
    );
  }
}

function makeInterfaceEndpoints(
  plan: AwsPlan,
  network: Omit<AwsNetwork, 'egressAddresses'>,
  parent: Resource,
): void {
  const group = new SecurityGroup(
    'endpoints',
    {
      name: `${plan.base}-endpoints`,
      description: 'Calls to AWS from the private subnets',
      vpcId: network.vpcId,
      ingress: [{ protocol: 'tcp', fromPort: 443, toPort: 443, cidrBlocks: [network.cidr] }],
      egress: [],
    },
    { parent },
  );
  for (const service of INTERFACE_ENDPOINTS) {
    new VpcEndpoint(
      service,
      {
        vpcId: network.vpcId,
        serviceName: `com.amazonaws.${plan.region}.${service}`,
        vpcEndpointType: 'Interface',
        privateDnsEnabled: true,
        subnetIds: [...network.privateSubnetIds],
        securityGroupIds: [group.id],
      },
      { parent },
    );
  }
}
