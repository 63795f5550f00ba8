import { Role } from '@pulumi/aws/iam/role.js';
import { RolePolicy } from '@pulumi/aws/iam/rolePolicy.js';
import { type Input, interpolate, jsonStringify, type Output, type Resource } from '@pulumi/pulumi';
import type { AwsPlan } from '../cloud-plan.ts';
import type { ProcessName } from '../store-use.ts';
import { type Statement, type StoreArns, storeStatements } from './permissions.ts';

/** ECR gives its token for no resource in particular: the one action that takes a `*`. */
const REGISTRY_LOGIN = 'ecr:GetAuthorizationToken';

/** The role of a process: what its own code may do. */
export function makeTaskRole(
  plan: AwsPlan,
  process: ProcessName,
  { stores, parent }: { readonly stores: StoreArns; readonly parent: Resource },
): Role {
  const role = new Role(
    process,
    { name: `${plan.base}-${process}`, assumeRolePolicy: trustInTasks(plan) },
    { parent },
  );
  new RolePolicy(
    process,
    { role: role.id, name: 'stores', policy: policyOf(storeStatements(process, stores)) },
    { parent },
  );
  return role;
}

/** The role that starts a process: it fetches the image, hands the secrets over, and writes the log. */
export function makeExecutionRole(
  plan: AwsPlan,
  process: ProcessName,
  parts: {
    readonly secretArns: readonly Output<string>[];
    readonly keyArn: Output<string>;
    readonly logGroupArn: Output<string>;
    readonly parent: Resource;
  },
): Role {
  const { secretArns, keyArn, logGroupArn, parent } = parts;
  const name = `${process}-execution`;
  const role = new Role(
    name,
    { name: `${plan.base}-${name}`, assumeRolePolicy: trustInTasks(plan) },
    { parent },
  );
  const allow = { Effect: 'Allow' } as const;
  new RolePolicy(
    name,
    {
      role: role.id,
      name: 'start',
      policy: jsonStringify({
        Version: '2012-10-17',
        Statement: [
          { ...allow, Sid: 'RegistryLogin', Action: [REGISTRY_LOGIN], Resource: '*' },
          {
            ...allow,
            Sid: 'Image',
            Action: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
            Resource: `arn:aws:ecr:${plan.region}:${plan.accountId}:repository/${plan.base}`,
          },
          {
            ...allow,
            Sid: 'Log',
            Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
            Resource: interpolate`${logGroupArn}:log-stream:*`,
          },
          { ...allow, Sid: 'Key', Action: ['kms:Decrypt'], Resource: keyArn },
          ...(secretArns.length === 0
            ? []
            : [
                {
                  ...allow,
                  Sid: 'Secrets',
                  Action: ['secretsmanager:GetSecretValue'],
                  Resource: [...secretArns],
                },
              ]),
        ],
      }),
    },
    { parent },
  );
  return role;
}

/** The other cloud's gateway, by the subject of its ID token: it may call the runners and nothing else. */
export function makeTwinRole(
  plan: AwsPlan,
  {
    subject,
    runnerApiArn,
    parent,
  }: { readonly subject: Output<string>; readonly runnerApiArn: Output<string>; readonly parent: Resource },
): Role {
  const role = new Role(
    'from-gcp',
    {
      name: twinRoleName(plan.base),
      maxSessionDuration: 3_600,
      assumeRolePolicy: jsonStringify({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Federated: 'accounts.google.com' },
            Action: 'sts:AssumeRoleWithWebIdentity',
            Condition: {
              StringEquals: {
                // Of Google's tokens `aud` is the account itself and `oaud` what the token was asked for.
                'accounts.google.com:sub': subject,
                'accounts.google.com:aud': subject,
                'accounts.google.com:oaud': WEB_IDENTITY_AUDIENCE,
              },
            },
          },
        ],
      }),
    },
    { parent },
  );
  new RolePolicy(
    'from-gcp',
    { role: role.id, name: 'runners', policy: policyOf([invokeRunners(runnerApiArn)]) },
    { parent },
  );
  return role;
}

/** Audience of the ID tokens with which Google's gateways take the role in AWS. */
export const WEB_IDENTITY_AUDIENCE = 'sts.amazonaws.com';

export const twinRoleName = (base: string) => `${base}-from-gcp`;

const invokeRunners = (runnerApiArn: Output<string>): Statement => ({
  Sid: 'Runners',
  Effect: 'Allow',
  Action: ['execute-api:Invoke'],
  Resource: interpolate`${runnerApiArn}/$default/*`,
});

function policyOf(statements: readonly Input<Statement>[]): Output<string> {
  return jsonStringify({ Version: '2012-10-17', Statement: [...statements] });
}

/** ECS tasks of this account only: another account's tasks cannot be passed the role by mistake. */
function trustInTasks({ accountId }: AwsPlan): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'ecs-tasks.amazonaws.com' },
        Action: 'sts:AssumeRole',
        Condition: { StringEquals: { 'aws:SourceAccount': accountId } },
      },
    ],
  });
}
