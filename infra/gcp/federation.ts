import { WorkloadIdentityPool } from '@pulumi/gcp/iam/workloadIdentityPool.js';
import { WorkloadIdentityPoolProvider } from '@pulumi/gcp/iam/workloadIdentityPoolProvider.js';
import { Account } from '@pulumi/gcp/serviceaccount/account.js';
import { IAMMember } from '@pulumi/gcp/serviceaccount/iammember.js';
import { interpolate, jsonStringify, type Output, type Resource } from '@pulumi/pulumi';
import type { GcpPlan } from '../cloud-plan.ts';

/** The gateways of AWS, as Google sees them. */
export interface AwsCallers {
  readonly accountId: string;
  /** Name of the role that the gateways run as. */
  readonly gatewayRole: string;
}

export interface Federation {
  /** The service account that AWS's gateways become, as a member of IAM policies. */
  readonly member: Output<string>;
  /** Google's `external_account` configuration: it names things and holds no secret. */
  readonly credentialConfiguration: Output<string>;
}

/**
 * Lets AWS's gateways, and only them, become one service account here: Google asks AWS who signed, and lets
 * the one role of the one account through. No key exists.
 */
export function makeFederation(
  plan: GcpPlan,
  {
    callers,
    parent,
    after,
  }: { readonly callers: AwsCallers; readonly parent: Resource; readonly after: readonly Resource[] },
): Federation {
  const role = `arn:aws:sts::${callers.accountId}:assumed-role/${callers.gatewayRole}`;
  const pool = new WorkloadIdentityPool(
    'aws',
    { workloadIdentityPoolId: `${plan.base}-aws`, description: 'Gateways in AWS' },
    { parent, dependsOn: [...after] },
  );
  const provider = new WorkloadIdentityPoolProvider(
    'aws',
    {
      workloadIdentityPoolId: pool.workloadIdentityPoolId,
      workloadIdentityPoolProviderId: 'aws',
      aws: { accountId: callers.accountId },
      attributeMapping: {
        'google.subject': 'assertion.arn',
        'attribute.role': "assertion.arn.extract('assumed-role/{role}/')",
      },
      attributeCondition: `assertion.arn.startsWith('${role}/')`,
    },
    { parent },
  );
  const account = new Account(
    'from-aws',
    { accountId: `${plan.base}-aws`, displayName: `Gateways in AWS of ${plan.base}` },
    { parent },
  );
  // The provider's condition lets only the gateways' role into the pool, so the pool is them.
  new IAMMember(
    'from-aws',
    {
      serviceAccountId: account.name,
      role: 'roles/iam.workloadIdentityUser',
      member: interpolate`principalSet://iam.googleapis.com/${pool.name}/*`,
    },
    { parent },
  );
  return {
    member: account.member,
    credentialConfiguration: jsonStringify({
      type: 'external_account',
      audience: interpolate`//iam.googleapis.com/${provider.name}`,
      subject_token_type: 'urn:ietf:params:aws:token-type:aws4_request',
      token_url: 'https://sts.googleapis.com/v1/token',
      service_account_impersonation_url: interpolate`https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${account.email}:generateAccessToken`,
      credential_source: {
        environment_id: 'aws1',
        regional_cred_verification_url:
          'https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15',
      },
    }),
  };
}
