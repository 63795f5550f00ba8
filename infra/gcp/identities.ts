import { IAMCustomRole } from '@pulumi/gcp/projects/iamcustomRole.js';
import { Account } from '@pulumi/gcp/serviceaccount/account.js';
import type { Bucket } from '@pulumi/gcp/storage/bucket.js';
import { BucketIAMMember } from '@pulumi/gcp/storage/bucketIAMMember.js';
import type { Resource } from '@pulumi/pulumi';
import type { GcpPlan } from '../cloud-plan.ts';
import type { ProcessName } from '../store-use.ts';
import { bucketPermissions } from './permissions.ts';

/**
 * The service account of a process, with a role of our own on each bucket that it uses: Google's ready-made
 * ones would let a gateway delete models or a runner list them.
 */
export function makeIdentity(
  plan: GcpPlan,
  process: ProcessName,
  {
    buckets,
    parent,
  }: { readonly buckets: Readonly<Record<'lake' | 'models', Bucket>>; readonly parent: Resource },
): { readonly account: Account; readonly grants: readonly Resource[] } {
  const account = new Account(
    process,
    { accountId: `${plan.base}-${process}`, displayName: `Switchyard ${process} of ${plan.base}` },
    { parent },
  );
  const grants = (['lake', 'models'] as const).flatMap((bucket) => {
    const permissions = bucketPermissions(process, bucket);
    if (permissions.length === 0) return [];
    const name = `${process}-${bucket}`;
    const role = new IAMCustomRole(
      name,
      {
        // A role's id takes no dashes.
        roleId: `${plan.base}_${process}_${bucket}`.replaceAll('-', '_'),
        title: `Switchyard ${process} on ${bucket}`,
        permissions: [...permissions],
      },
      { parent },
    );
    return [
      new BucketIAMMember(
        name,
        { bucket: buckets[bucket].name, role: role.name, member: account.member },
        { parent },
      ),
    ];
  });
  return { account, grants };
}
