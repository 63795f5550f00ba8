import { LogGroup } from '@pulumi/aws/cloudwatch/logGroup.js';
import type { SecurityGroup } from '@pulumi/aws/ec2/securityGroup.js';
import type { Cluster } from '@pulumi/aws/ecs/cluster.js';
import { Service } from '@pulumi/aws/ecs/service.js';
import { TaskDefinition } from '@pulumi/aws/ecs/taskDefinition.js';
import type { Role } from '@pulumi/aws/iam/role.js';
import { type Input, interpolate, jsonStringify, type Output, type Resource } from '@pulumi/pulumi';
import type { AwsPlan, ServicePlan } from '../cloud-plan.ts';
import type { ProcessName } from '../store-use.ts';
import { makeExecutionRole } from './identities.ts';
import type { AwsNetwork } from './network.ts';
import { makeScaling } from './scaling.ts';
import type { SecretReference } from './secrets.ts';
import type { ServiceIngress } from './service-ingress.ts';

/** The longest that Fargate lets a task end in, s. */
const FARGATE_MAX_STOP_SECONDS = 120;
/** After the drain: sealing and shipping what is spooled, s. */
const SHIPPING_SECONDS = 60;
/** A new task loads its configuration or its models before it must answer, s. */
const START_SECONDS = 120;

export interface FargateParts {
  readonly cluster: Cluster;
  readonly network: AwsNetwork;
  readonly securityGroup: SecurityGroup;
  readonly taskRole: Role;
  readonly keyArn: Output<string>;
  readonly repositoryUrl: Output<string>;
  /** By the variable that each becomes. */
  readonly secrets: Readonly<Record<string, SecretReference>>;
  /** Variables whose values are known only once something else is made. */
  readonly environment: Readonly<Record<string, Input<string>>>;
  readonly ingress: ServiceIngress;
  readonly parent: Resource;
}

/** A gateway or a runner on Fargate; while its plan has no image, only what it needs: its log and its roles. */
export function makeService(
  plan: AwsPlan,
  process: ProcessName,
  parts: FargateParts,
): { readonly logGroup: LogGroup; readonly name: string } {
  const { keyArn, parent, secrets } = parts;
  const service = plan[process];
  const logGroup = new LogGroup(
    process,
    { name: `/switchyard/${service.name}`, kmsKeyId: keyArn, retentionInDays: plan.logRetentionDays },
    { parent },
  );
  const executionRole = makeExecutionRole(plan, process, {
    secretArns: Object.values(secrets).map(({ arn }) => arn),
    keyArn,
    logGroupArn: logGroup.arn,
    parent,
  });
  if (service.image !== null) {
    const task = makeTask(plan, process, { ...parts, image: service.image, logGroup, executionRole });
    makeRunning(plan, process, { ...parts, task });
  }
  return { logGroup, name: service.name };
}

function makeTask(
  plan: AwsPlan,
  process: ProcessName,
  parts: FargateParts & { readonly image: string; readonly logGroup: LogGroup; readonly executionRole: Role },
): TaskDefinition {
  const service = plan[process];
  const { repositoryUrl, secrets, image, logGroup, parent } = parts;
  const environment = Object.entries({ ...service.environment, ...parts.environment });
  return new TaskDefinition(
    process,
    {
      family: service.name,
      requiresCompatibilities: ['FARGATE'],
      networkMode: 'awsvpc',
      cpu: String(service.vcpus * 1_024),
      memory: String(service.memoryMib),
      runtimePlatform: { cpuArchitecture: 'X86_64', operatingSystemFamily: 'LINUX' },
      executionRoleArn: parts.executionRole.arn,
      taskRoleArn: parts.taskRole.arn,
      // The writable part of a container that cannot write to its own file system.
      volumes: [{ name: 'data' }],
      containerDefinitions: jsonStringify([
        {
          name: process,
          image: interpolate`${repositoryUrl}@${image}`,
          command: service.command,
          essential: true,
          readonlyRootFilesystem: true,
          linuxParameters: { initProcessEnabled: true, capabilities: { drop: ['ALL'] } },
          portMappings: [{ containerPort: service.port, protocol: 'tcp' }],
          mountPoints: [{ sourceVolume: 'data', containerPath: service.dataDirectory }],
          environment: environment.map(([name, value]) => ({ name, value })),
          secrets: Object.entries(secrets).map(([name, { valueFrom }]) => ({ name, valueFrom })),
          stopTimeout: stopSeconds(service),
          healthCheck: {
            command: ['CMD', 'node', '-e', askLive(service)],
            interval: 15,
            timeout: 5,
            retries: 3,
            startPeriod: START_SECONDS,
          },
          logConfiguration: {
            logDriver: 'awslogs',
            options: {
              'awslogs-group': logGroup.name,
              'awslogs-region': plan.region,
              'awslogs-stream-prefix': process,
            },
          },
        },
      ]),
    },
    { parent },
  );
}

/** Longer than the drain, so that what was answered is shipped too; never longer than Fargate allows. */
const stopSeconds = ({ drainMs }: ServicePlan): number =>
  Math.min(FARGATE_MAX_STOP_SECONDS, Math.ceil(drainMs / 1_000) + SHIPPING_SECONDS);

/** Node asks itself: the image has no other client. */
const askLive = ({ port, livePath }: ServicePlan): string =>
  `fetch('http://127.0.0.1:${port}${livePath}').then((answer)=>process.exit(answer.ok?0:1),()=>process.exit(1))`;

function makeRunning(
  plan: AwsPlan,
  process: ProcessName,
  parts: FargateParts & { readonly task: TaskDefinition },
): void {
  const service = plan[process];
  const { cluster, network, securityGroup, ingress, task, parent } = parts;
  const running = new Service(
    process,
    {
      name: service.name,
      cluster: cluster.arn,
      taskDefinition: task.arn,
      launchType: 'FARGATE',
      desiredCount: service.minInstances,
      availabilityZoneRebalancing: 'ENABLED',
      propagateTags: 'SERVICE',
      enableExecuteCommand: false,
      networkConfiguration: {
        subnets: [...network.privateSubnetIds],
        securityGroups: [securityGroup.id],
        assignPublicIp: false,
      },
      healthCheckGracePeriodSeconds: START_SECONDS,
      deploymentMinimumHealthyPercent: 100,
      deploymentMaximumPercent: 200,
      deploymentConfiguration:
        ingress.blueGreen === null
          ? { strategy: 'ROLLING' }
          : { strategy: 'BLUE_GREEN', bakeTimeInMinutes: '10' },
      deploymentCircuitBreaker: { enable: true, rollback: true },
      loadBalancers: [
        {
          targetGroupArn: ingress.targetGroupArn,
          containerName: process,
          containerPort: service.port,
          ...(ingress.blueGreen && { advancedConfiguration: ingress.blueGreen }),
        },
      ],
      waitForSteadyState: true,
    },
    // Its scaling decides how many there are from the first minute on.
    { parent, dependsOn: [...ingress.after], ignoreChanges: ['desiredCount'] },
  );
  makeScaling(service, { cluster, running, process, ingress, parent });
}
