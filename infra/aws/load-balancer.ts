import { Certificate } from '@pulumi/aws/acm/certificate.js';
import { CertificateValidation } from '@pulumi/aws/acm/certificateValidation.js';
import type { SecurityGroup } from '@pulumi/aws/ec2/securityGroup.js';
import { Role } from '@pulumi/aws/iam/role.js';
import { RolePolicyAttachment } from '@pulumi/aws/iam/rolePolicyAttachment.js';
import { Listener } from '@pulumi/aws/lb/listener.js';
import { ListenerRule } from '@pulumi/aws/lb/listenerRule.js';
import { LoadBalancer } from '@pulumi/aws/lb/loadBalancer.js';
import { TargetGroup } from '@pulumi/aws/lb/targetGroup.js';
import { Record } from '@pulumi/aws/route53/record.js';
import type { Output, Resource } from '@pulumi/pulumi';
import type { AwsPlan, ServicePlan } from '../cloud-plan.ts';
import { LOAD_BALANCER_IDLE_SECONDS } from '../processes.ts';
import type { ProcessName } from '../store-use.ts';
import type { AwsNetwork } from './network.ts';
import type { ServiceIngress } from './service-ingress.ts';

/** TLS 1.2 and 1.3 with forward secrecy only. */
const TLS_POLICY = 'ELBSecurityPolicy-TLS13-1-2-Res-2021-06';

export interface AwsLoadBalancer {
  readonly balancer: LoadBalancer;
  readonly listener: Listener;
  /** One, or with blue/green the two that take turns. */
  readonly targetGroups: readonly TargetGroup[];
  readonly ingress: ServiceIngress;
}

interface BalancerParts {
  readonly network: AwsNetwork;
  readonly certificateArn: Output<string>;
  readonly securityGroup: SecurityGroup;
  readonly isInternal: boolean;
  readonly parent: Resource;
}

/** A load balancer that ends TLS before one service, the public one of the gateway or the runner's inside. */
export function makeLoadBalancer(plan: AwsPlan, process: ProcessName, parts: BalancerParts): AwsLoadBalancer {
  const { network, isInternal, securityGroup, parent } = parts;
  const service = plan[process];
  const balancer = new LoadBalancer(
    process,
    {
      name: service.name,
      loadBalancerType: 'application',
      internal: isInternal,
      subnets: [...(isInternal ? network.privateSubnetIds : network.publicSubnetIds)],
      securityGroups: [securityGroup.id],
      idleTimeout: LOAD_BALANCER_IDLE_SECONDS,
      dropInvalidHeaderFields: true,
      desyncMitigationMode: 'strictest',
      enableDeletionProtection: plan.isProduction,
    },
    { parent },
  );
  const isBlueGreen = process === 'gateway' && plan.modules.has('blue-green');
  const targetGroup = targetGroupOf(process, service, service.name, parts);
  const listener = new Listener(
    process,
    {
      loadBalancerArn: balancer.arn,
      port: 443,
      protocol: 'HTTPS',
      sslPolicy: TLS_POLICY,
      certificateArn: parts.certificateArn,
      defaultActions: isBlueGreen ? [notFound()] : [{ type: 'forward', targetGroupArn: targetGroup.arn }],
    },
    { parent },
  );
  const common = {
    targetGroupArn: targetGroup.arn,
    balancerSuffix: balancer.arnSuffix,
  };
  if (!isBlueGreen) {
    const ingress = { ...common, blueGreen: null, after: [listener] };
    return { balancer, listener, targetGroups: [targetGroup], ingress };
  }
  const { alternate, ...turning } = makeBlueGreen(plan, { service, listener, targetGroup, parts });
  return { balancer, listener, targetGroups: [targetGroup, alternate], ingress: { ...common, ...turning } };
}

function targetGroupOf(
  name: string,
  service: ServicePlan,
  physicalName: string,
  { network, parent }: BalancerParts,
): TargetGroup {
  return new TargetGroup(
    name,
    {
      name: physicalName,
      vpcId: network.vpcId,
      targetType: 'ip',
      protocol: 'HTTP',
      port: service.port,
      // As long as the process itself waits for requests under way.
      deregistrationDelay: Math.ceil(service.drainMs / 1_000),
      loadBalancingAlgorithmType: 'least_outstanding_requests',
      healthCheck: {
        path: service.readyPath,
        protocol: 'HTTP',
        matcher: '200',
        interval: 10,
        timeout: 5,
        healthyThreshold: 2,
        unhealthyThreshold: 2,
      },
    },
    { parent },
  );
}

/** A second target group, a rule that ECS turns from one to the other, and the role that lets it. */
function makeBlueGreen(
  plan: AwsPlan,
  {
    service,
    listener,
    targetGroup,
    parts,
  }: {
    readonly service: ServicePlan;
    readonly listener: Listener;
    readonly targetGroup: TargetGroup;
    readonly parts: BalancerParts;
  },
): Pick<ServiceIngress, 'blueGreen' | 'after'> & { readonly alternate: TargetGroup } {
  const { parent } = parts;
  const alternate = targetGroupOf('gateway-green', service, `${plan.base}-green`, parts);
  const rule = new ListenerRule(
    'gateway',
    {
      listenerArn: listener.arn,
      priority: 1,
      conditions: [{ pathPattern: { values: ['/*'] } }],
      actions: [
        {
          type: 'forward',
          forward: {
            targetGroups: [
              { arn: targetGroup.arn, weight: 100 },
              { arn: alternate.arn, weight: 0 },
            ],
          },
        },
      ],
    },
    // ECS turns the weights; the program must not turn them back.
    { parent, ignoreChanges: ['actions'] },
  );
  const role = new Role(
    'turn',
    {
      name: `${plan.base}-turn`,
      assumeRolePolicy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: { Service: 'ecs.amazonaws.com' }, Action: 'sts:AssumeRole' },
        ],
      }),
    },
    { parent },
  );
  const attached = new RolePolicyAttachment(
    'turn',
    {
      role: role.name,
      policyArn: 'arn:aws:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers',
    },
    { parent },
  );
  return {
    alternate,
    blueGreen: {
      alternateTargetGroupArn: alternate.arn,
      productionListenerRule: rule.arn,
      roleArn: role.arn,
    },
    after: [listener, rule, attached],
  };
}

const notFound = () => ({
  type: 'fixed-response',
  fixedResponse: { contentType: 'text/plain', statusCode: '404', messageBody: '' },
});

/** Plain HTTP is told where TLS is, and nothing else. */
export function redirectToTls(balancer: LoadBalancer, parent: Resource): void {
  new Listener(
    'redirect',
    {
      loadBalancerArn: balancer.arn,
      port: 80,
      protocol: 'HTTP',
      defaultActions: [
        { type: 'redirect', redirect: { protocol: 'HTTPS', port: '443', statusCode: 'HTTP_301' } },
      ],
    },
    { parent },
  );
}

/** A certificate for one host, proven by a record in its zone; waits until it is issued. */
export function makeCertificate(
  name: string,
  { host, zoneId, parent }: { readonly host: string; readonly zoneId: string; readonly parent: Resource },
): Output<string> {
  const certificate = new Certificate(name, { domainName: host, validationMethod: 'DNS' }, { parent });
  const proof = certificate.domainValidationOptions.apply(([option]) => {
    if (option === undefined) throw new Error(`AWS asked for no proof that ${host} is ours`);
    return option;
  });
  const record = new Record(
    `${name}-proof`,
    {
      zoneId,
      name: proof.resourceRecordName,
      type: proof.resourceRecordType,
      records: [proof.resourceRecordValue],
      ttl: 300,
      allowOverwrite: true,
    },
    { parent },
  );
  return new CertificateValidation(
    name,
    { certificateArn: certificate.arn, validationRecordFqdns: [record.fqdn] },
    { parent },
  ).certificateArn;
}
