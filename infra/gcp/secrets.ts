import { Secret } from '@pulumi/gcp/secretmanager/secret.js';
import { SecretIamMember } from '@pulumi/gcp/secretmanager/secretIamMember.js';
import { SecretVersion } from '@pulumi/gcp/secretmanager/secretVersion.js';
import type { Output, Resource } from '@pulumi/pulumi';
import type { GcpPlan } from '../cloud-plan.ts';
import { SECRET_VARIABLES } from '../processes.ts';
import type { StackSecrets } from '../stack-secrets.ts';

export interface SecretReference {
  readonly secret: Output<string>;
  readonly version: Output<string>;
  /** What lets the reader read. */
  readonly grant: Resource;
}

/** The gateway's secrets in Secret Manager, in the stack's region, by the variable that each becomes. */
export function makeSecrets(
  plan: GcpPlan,
  {
    values,
    reader,
    parent,
    after,
  }: {
    readonly values: StackSecrets;
    readonly reader: Output<string>;
    readonly parent: Resource;
    readonly after: readonly Resource[];
  },
): Readonly<Record<string, SecretReference>> {
  const entries = Object.entries(SECRET_VARIABLES).map(([setting, variable]) => {
    const secret = new Secret(
      variable,
      {
        secretId: `${plan.base}-${variable}`,
        replication: { userManaged: { replicas: [{ location: plan.region }] } },
        deletionProtection: plan.isProduction,
      },
      { parent, protect: true, dependsOn: [...after] },
    );
    const version = new SecretVersion(
      variable,
      { secret: secret.id, secretData: values[setting as keyof StackSecrets] },
      { parent },
    );
    const grant = new SecretIamMember(
      variable,
      { secretId: secret.id, role: 'roles/secretmanager.secretAccessor', member: reader },
      { parent },
    );
    return [variable, { secret: secret.secretId, version: version.version, grant }] as const;
  });
  return Object.fromEntries(entries);
}
