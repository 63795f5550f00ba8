import { describe, expect, it } from 'vitest';
import type { CheckedResource } from '../../infra/policy/rule.ts';
import { RULES } from '../../infra/policy/rules.ts';

const resource = (
  type: string,
  props: Readonly<Record<string, unknown>>,
  { protect = true, name = 'it' } = {},
): CheckedResource => ({ type, name, props, protect });

const statement = (Action: unknown, Resource: unknown) =>
  JSON.stringify({ Statement: [{ Effect: 'Allow', Action, Resource }] });

/** For each rule, stacks that it must refuse; nothing here is ever made. */
const REFUSED: Readonly<Record<string, readonly (readonly CheckedResource[])[]>> = {
  'no-public-bucket': [
    [resource('aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock', { blockPublicAcls: true })],
    [resource('aws:s3/bucket:Bucket', { bucket: 'open' })],
    [
      resource('gcp:storage/bucket:Bucket', {
        publicAccessPrevention: 'inherited',
        uniformBucketLevelAccess: true,
      }),
    ],
    [resource('gcp:storage/bucketIAMMember:BucketIAMMember', { member: 'allUsers' })],
  ],
  'encrypted-at-rest': [
    [resource('aws:kms/key:Key', { enableKeyRotation: false })],
    [resource('aws:secretsmanager/secret:Secret', { name: 'x' })],
    [resource('aws:cloudwatch/logGroup:LogGroup', { name: 'x' })],
    [resource('aws:sns/topic:Topic', {})],
    [resource('aws:ecr/repository:Repository', {})],
    [resource('aws:athena/workgroup:Workgroup', {})],
    [
      resource('aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration', {
        rules: [],
      }),
    ],
    [resource('aws:s3/bucket:Bucket', { bucket: 'plain' })],
  ],
  'protected-data': [
    [resource('aws:s3/bucket:Bucket', {}, { protect: false })],
    [resource('gcp:storage/bucket:Bucket', { forceDestroy: true })],
    [resource('aws:ecr/repository:Repository', { forceDelete: true })],
  ],
  'no-wildcard-iam': [
    [resource('aws:iam/rolePolicy:RolePolicy', { policy: statement('s3:*', 'arn:x') })],
    [resource('aws:iam/policy:Policy', { policy: statement(['s3:GetObject'], '*') })],
    [resource('gcp:projects/iAMMember:IAMMember', { role: 'roles/editor' })],
    [resource('gcp:projects/iAMCustomRole:IAMCustomRole', { permissions: ['storage.*'] })],
  ],
  'no-static-keys': [
    [resource('aws:iam/accessKey:AccessKey', {})],
    [resource('gcp:serviceaccount/key:Key', {})],
    [
      resource('aws:ecs/taskDefinition:TaskDefinition', {
        containerDefinitions: JSON.stringify([{ environment: [{ name: 'AWS_SECRET_ACCESS_KEY' }] }]),
      }),
    ],
    [
      resource('gcp:cloudrunv2/service:Service', {
        template: { containers: [{ envs: [{ name: 'AWS_ACCESS_KEY_ID' }] }] },
      }),
    ],
  ],
  tagged: [
    [resource('pulumi:providers:aws', { defaultTags: '{"tags":{"name":"acme"}}' })],
    [resource('pulumi:providers:gcp', {})],
  ],
  'tls-minimum': [
    [resource('aws:lb/listener:Listener', { protocol: 'HTTPS', sslPolicy: 'ELBSecurityPolicy-2016-08' })],
    [resource('aws:lb/listener:Listener', { protocol: 'HTTP', defaultActions: [{ type: 'forward' }] })],
    [resource('aws:apigatewayv2/domainName:DomainName', { domainNameConfiguration: {} })],
    [resource('aws:s3/bucketPolicy:BucketPolicy', { policy: '{"Statement":[]}' })],
    [resource('gcp:compute/sSLPolicy:SSLPolicy', { minTlsVersion: 'TLS_1_0' })],
    [resource('gcp:compute/targetHttpsProxy:TargetHttpsProxy', {})],
    [resource('gcp:compute/targetHttpProxy:TargetHttpProxy', {})],
  ],
  'closed-processes': [
    [resource('aws:ecs/service:Service', { networkConfiguration: { assignPublicIp: true } })],
    [resource('aws:ecs/taskDefinition:TaskDefinition', { containerDefinitions: '[{}]' })],
    [
      resource('gcp:cloudrunv2/service:Service', {
        invokerIamDisabled: true,
        ingress: 'INGRESS_TRAFFIC_ALL',
      }),
    ],
    [resource('gcp:cloudrunv2/serviceIamMember:ServiceIamMember', { member: 'allUsers' })],
  ],
};

const violations = (name: string, resources: readonly CheckedResource[]): readonly string[] => {
  const rule = RULES.find((candidate) => candidate.name === name) ?? expect.fail(`there is no rule ${name}`);
  const single = resources.flatMap((one) => rule.check?.(one) ?? []);
  return [...single, ...(rule.checkStack?.(resources) ?? [])];
};

describe('the policy pack', () => {
  it('has, for each of its rules, stacks that it refuses', () => {
    expect(RULES.map(({ name }) => name).sort()).toEqual(Object.keys(REFUSED).sort());
  });

  it.each(
    Object.entries(REFUSED).flatMap(([name, stacks]) => stacks.map((resources) => ({ name, resources }))),
  )('refuses by $name $resources.0.type $resources.0.props', ({ name, resources }) => {
    expect(violations(name, resources).length).toBeGreaterThan(0);
  });

  it('lets a preview pass that does not know a document yet', () => {
    const unknown = resource('aws:iam/rolePolicy:RolePolicy', {
      policy: '04da6b54-80e4-46f7-96ec-b56ff0331ba9',
    });
    expect(RULES.flatMap(({ name }) => violations(name, [unknown]))).toEqual([]);
  });
});
