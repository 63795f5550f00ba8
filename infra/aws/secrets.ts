import { Secret } from '@pulumi/aws/secretsmanager/secret.js';
import { SecretVersion } from '@pulumi/aws/secretsmanager/secretVersion.js';
import { interpolate, type Output, type Resource } from '@pulumi/pulumi';
import type { AwsPlan } from '../cloud-plan.ts';
import { SECRET_VARIABLES } from '../processes.ts';
import type { StackSecrets } from '../stack-secrets.ts';

export interface SecretReference {
  /** What IAM grants. */
  readonly arn: Output<string>;
  /** What a task asks for: this version, so that another value makes other tasks. */
  readonly valueFrom: Output<string>;
}

/** The gateway's secrets in Secrets Manager, by the environment variable that each becomes. */
export function makeSecrets(
  plan: AwsPlan,
  {
    values,
    keyArn,
    parent,
  }: { readonly values: StackSecrets; readonly keyArn: Output<string>; readonly parent: Resource },
): Readonly<Record<string, SecretReference>> {
  const entries = Object.entries(SECRET_VARIABLES).map(([setting, variable]) => {
    const secret = new Secret(
      variable,
      {
        name: `${plan.base}/${variable}`,
        kmsKeyId: keyArn,
        recoveryWindowInDays: plan.isProduction ? 30 : 7,
      },
      { parent, protect: true },
    );
    const version = new SecretVersion(
      variable,
      { secretId: secret.id, secretString: values[setting as keyof StackSecrets] },
      { parent },
    );
    return [
      variable,
      { arn: secret.arn, valueFrom: interpolate`${secret.arn}:::${version.versionId}` },
    ] as const;
  });
  return Object.fromEntries(entries);
}
