import { Alias } from '@pulumi/aws/kms/alias.js';
import { Key } from '@pulumi/aws/kms/key.js';
import type { Output, Resource } from '@pulumi/pulumi';
import type { AwsPlan } from '../cloud-plan.ts';

/**
 * The one key of a stack, rotated yearly: buckets, secrets, images, logs and alarms are encrypted with it.
 * A key of our own rather than AWS's: reading then takes a grant on the key too, so that one policy gone wrong
 * gives nothing away.
 */
export function makeKey({ base, region, accountId }: AwsPlan, parent: Resource): Output<string> {
  const account = `arn:aws:iam::${accountId}:root`;
  const statement = { Effect: 'Allow', Resource: '*' };
  const use = [
    'kms:Encrypt',
    'kms:Decrypt',
    'kms:ReEncryptFrom',
    'kms:ReEncryptTo',
    'kms:GenerateDataKey',
    'kms:DescribeKey',
  ];
  const key = new Key(
    'data',
    {
      description: `Encrypts what ${base} stores`,
      enableKeyRotation: true,
      deletionWindowInDays: 30,
      policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          // Without it nobody could ever change the key again; who may do what stays with IAM.
          { ...statement, Sid: 'LeaveItToIam', Principal: { AWS: account }, Action: 'kms:*' },
          {
            ...statement,
            Sid: 'EncryptLogs',
            Principal: { Service: `logs.${region}.amazonaws.com` },
            Action: use,
            Condition: {
              ArnLike: {
                'kms:EncryptionContext:aws:logs:arn': `arn:aws:logs:${region}:${accountId}:log-group:*${base}*`,
              },
            },
          },
          {
            ...statement,
            Sid: 'EncryptAlarms',
            Principal: { Service: ['cloudwatch.amazonaws.com', 'budgets.amazonaws.com'] },
            Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
            Condition: { StringEquals: { 'aws:SourceAccount': accountId } },
          },
        ],
      }),
    },
    { parent, protect: true },
  );
  new Alias('data', { name: `alias/${base}`, targetKeyId: key.keyId }, { parent });
  return key.arn;
}
