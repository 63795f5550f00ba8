import { SecurityGroup } from '@pulumi/aws/ec2/securityGroup.js';
import { SecurityGroupRule } from '@pulumi/aws/ec2/securityGroupRule.js';
import type { Output, Resource } from '@pulumi/pulumi';
import type { AwsPlan } from '../cloud-plan.ts';
import type { AwsNetwork } from './network.ts';

export interface SecurityGroups {
  readonly publicBalancer: SecurityGroup;
  readonly gateway: SecurityGroup;
  /** The other cloud's way in. */
  readonly runnerLink: SecurityGroup;
  readonly runnerBalancer: SecurityGroup;
  readonly runner: SecurityGroup;
}

/** MongoDB Atlas answers on these beside 443 and 27017. */
const MONGODB_PORTS = { fromPort: 27_015, toPort: 27_017 };

/**
 * Who may speak to whom: the world to the public load balancer, that to the gateway; gateway and link to the
 * runner's load balancer, that to the runner. Nothing else comes in, and a runner reaches AWS and nobody else.
 */
export function makeSecurityGroups(plan: AwsPlan, network: AwsNetwork, parent: Resource): SecurityGroups {
  const groupOf = (name: string, description: string) =>
    new SecurityGroup(
      name,
      { name: `${plan.base}-${name}`, description, vpcId: network.vpcId, revokeRulesOnDelete: true },
      { parent },
    );
  const groups = {
    publicBalancer: groupOf('public-balancer', 'HTTPS from anywhere'),
    gateway: groupOf('gateway', 'Gateways'),
    runnerLink: groupOf('runner-link', 'Signed requests to the runners'),
    runnerBalancer: groupOf('runner-balancer', 'TLS in front of the runners'),
    runner: groupOf('runner', 'Runners'),
  };
  const connect = (from: keyof SecurityGroups, to: keyof SecurityGroups, port: number) => {
    const ports = { protocol: 'tcp', fromPort: port, toPort: port };
    new SecurityGroupRule(
      `${groupName[from]}-reaches-${groupName[to]}`,
      {
        ...ports,
        type: 'egress',
        securityGroupId: groups[from].id,
        sourceSecurityGroupId: groups[to].id,
      },
      { parent },
    );
    new SecurityGroupRule(
      `${groupName[to]}-from-${groupName[from]}`,
      {
        ...ports,
        type: 'ingress',
        securityGroupId: groups[to].id,
        sourceSecurityGroupId: groups[from].id,
      },
      { parent },
    );
  };
  const toAnywhere = (name: string, group: SecurityGroup, ports: Ports) =>
    openTo(name, { groupId: group.id, type: 'egress', ports, parent });
  openTo('https-from-anywhere', {
    groupId: groups.publicBalancer.id,
    type: 'ingress',
    ports: { fromPort: 443, toPort: 443 },
    parent,
  });
  openTo('http-from-anywhere', {
    groupId: groups.publicBalancer.id,
    type: 'ingress',
    ports: { fromPort: 80, toPort: 80 },
    parent,
  });
  connect('publicBalancer', 'gateway', plan.gateway.port);
  connect('gateway', 'runnerBalancer', 443);
  connect('runnerLink', 'runnerBalancer', 443);
  connect('runnerBalancer', 'runner', plan.runner.port);
  toAnywhere('gateway-https', groups.gateway, { fromPort: 443, toPort: 443 });
  toAnywhere('gateway-mongodb', groups.gateway, MONGODB_PORTS);
  toAnywhere('runner-https', groups.runner, { fromPort: 443, toPort: 443 });
  return groups;
}

const groupName: Readonly<Record<keyof SecurityGroups, string>> = {
  publicBalancer: 'public-balancer',
  gateway: 'gateway',
  runnerLink: 'runner-link',
  runnerBalancer: 'runner-balancer',
  runner: 'runner',
};

interface Ports {
  readonly fromPort: number;
  readonly toPort: number;
}

function openTo(
  name: string,
  {
    groupId,
    type,
    ports,
    parent,
  }: {
    readonly groupId: Output<string>;
    readonly type: 'ingress' | 'egress';
    readonly ports: Ports;
    readonly parent: Resource;
  },
): void {
  new SecurityGroupRule(
    name,
    { ...ports, type, protocol: 'tcp', securityGroupId: groupId, cidrBlocks: ['0.0.0.0/0'] },
    { parent },
  );
}
