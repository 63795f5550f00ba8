import { Secret } from '@pulumi/aws/secretsmanager/secret.js';
import { SecretVersion } from '@pulumi/aws/secretsmanager/secretVersion.js';
import type { Output, Resource } from '@pulumi/pulumi';
import type { AwsPlan } from '../cloud-plan.ts';
import { SECRET_VARIABLES } from '../processes.ts';
import type { StackSecrets } from '../stack-secrets.ts';

/** The gateway's secrets in Secrets Manager: the ARN by the environment variable that it becomes. */
export function makeSecrets(
  plan: AwsPlan,
  {
    values,
    keyArn,
    parent,
  }: { readonly values: StackSecrets; readonly keyArn: Output<string>; readonly parent: Resource },
): Readonly<Record<string, Output<string>>> {
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
    // The version's, so that a service starts only once there is a value.
    return [variable, version.arn] as const;
  });
  return Object.fromEntries(entries);
}
