import { Api } from '@pulumi/aws/apigatewayv2/api.js';
import { ApiMapping } from '@pulumi/aws/apigatewayv2/apiMapping.js';
import { DomainName } from '@pulumi/aws/apigatewayv2/domainName.js';
import { Integration } from '@pulumi/aws/apigatewayv2/integration.js';
import { Route } from '@pulumi/aws/apigatewayv2/route.js';
import { Stage } from '@pulumi/aws/apigatewayv2/stage.js';
import { VpcLink } from '@pulumi/aws/apigatewayv2/vpcLink.js';
import { Record } from '@pulumi/aws/route53/record.js';
import { Zone } from '@pulumi/aws/route53/zone.js';
import type { Output, Resource } from '@pulumi/pulumi';
import type { AwsPlan } from '../cloud-plan.ts';
import type { AwsLoadBalancer } from './load-balancer.ts';
import type { AwsNetwork } from './network.ts';
import type { SecurityGroups } from './security-groups.ts';

/** The longest that an HTTP API waits. https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html */
const API_TIMEOUT_MS = 30_000;

/**
 * The two ways to the runners under one name. From outside, an HTTP API that lets a request pass only with a
 * signature of IAM's (SigV4) on it, and a link from there into the network. From inside, the same name leads
 * straight to the runners' own load balancer (docs/adr/0007-signatures-at-the-edge-of-the-runners.md). Gives the ARN that callers are granted.
 */
export function makeRunnerIngress(
  plan: AwsPlan,
  parts: {
    readonly network: AwsNetwork;
    readonly groups: SecurityGroups;
    readonly runner: AwsLoadBalancer;
    readonly certificateArn: Output<string>;
    readonly parent: Resource;
  },
): Output<string> {
  const { network, runner, parent } = parts;
  const inside = new Zone(
    'runner',
    { name: plan.runnerHost, vpcs: [{ vpcId: network.vpcId }], comment: 'The runners, from inside' },
    { parent },
  );
  new Record(
    'runner-inside',
    {
      zoneId: inside.zoneId,
      name: plan.runnerHost,
      type: 'A',
      aliases: [
        { name: runner.balancer.dnsName, zoneId: runner.balancer.zoneId, evaluateTargetHealth: true },
      ],
    },
    { parent },
  );
  const api = makeSignedApi(plan, parts);
  const domain = new DomainName(
    'runner',
    {
      domainName: plan.runnerHost,
      domainNameConfiguration: {
        certificateArn: parts.certificateArn,
        endpointType: 'REGIONAL',
        securityPolicy: 'TLS_1_2',
      },
    },
    { parent },
  );
  new ApiMapping(
    'runner',
    { apiId: api.id, domainName: domain.domainName, stage: api.stageName },
    { parent },
  );
  new Record(
    'runner-outside',
    {
      zoneId: plan.hostedZoneId,
      name: plan.runnerHost,
      type: 'A',
      aliases: [
        {
          name: domain.domainNameConfiguration.targetDomainName,
          zoneId: domain.domainNameConfiguration.hostedZoneId,
          evaluateTargetHealth: false,
        },
      ],
    },
    { parent },
  );
  return api.executionArn;
}

function makeSignedApi(
  plan: AwsPlan,
  {
    network,
    groups,
    runner,
    parent,
  }: {
    readonly network: AwsNetwork;
    readonly groups: SecurityGroups;
    readonly runner: AwsLoadBalancer;
    readonly parent: Resource;
  },
): {
  readonly id: Output<string>;
  readonly executionArn: Output<string>;
  readonly stageName: Output<string>;
} {
  const name = plan.runner.name;
  const api = new Api(
    'runner',
    // Only the domain leads here: AWS's own address of the API would be a second way in.
    { name, protocolType: 'HTTP', disableExecuteApiEndpoint: true },
    { parent },
  );
  const link = new VpcLink(
    'runner',
    { name, subnetIds: [...network.privateSubnetIds], securityGroupIds: [groups.runnerLink.id] },
    { parent },
  );
  const integration = new Integration(
    'runner',
    {
      apiId: api.id,
      integrationType: 'HTTP_PROXY',
      integrationMethod: 'ANY',
      integrationUri: runner.listener.arn,
      connectionType: 'VPC_LINK',
      connectionId: link.id,
      payloadFormatVersion: '1.0',
      timeoutMilliseconds: API_TIMEOUT_MS,
      tlsConfig: { serverNameToVerify: plan.runnerHost },
    },
    { parent },
  );
  const route = new Route(
    'runner',
    {
      apiId: api.id,
      routeKey: 'ANY /{path+}',
      authorizationType: 'AWS_IAM',
      target: integration.id.apply((id) => `integrations/${id}`),
    },
    { parent },
  );
  const stage = new Stage(
    'runner',
    {
      apiId: api.id,
      name: '$default',
      autoDeploy: true,
      defaultRouteSettings: { throttlingRateLimit: 5_000, throttlingBurstLimit: 2_000 },
    },
    { parent, dependsOn: [route] },
  );
  return { id: api.id, executionArn: api.executionArn, stageName: stage.name };
}
