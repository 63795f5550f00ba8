import { Bucket } from '@pulumi/gcp/storage/bucket.js';
import { BucketObject } from '@pulumi/gcp/storage/bucketObject.js';
import type { Resource } from '@pulumi/pulumi';
import { REPOSITORY_INDEX } from '../catalogue.ts';
import { ABANDONED_UPLOAD_DAYS, type BucketPlan, type BucketsPlan } from '../cloud-plan.ts';

const SECONDS_PER_DAY = 86_400;

export interface GcpBuckets {
  readonly models: Bucket;
  readonly lake: Bucket;
}

interface Place {
  readonly parent: Resource;
  readonly after: readonly Resource[];
}

/**
 * The buckets in Google Cloud Storage: private by IAM alone, encrypted by Google, and protected:
 * `pulumi destroy` refuses them. Soft delete is what makes an object recoverable: unlike an old version, a
 * deleted or overwritten object cannot be purged before its time, whoever asks.
 */
export function makeBuckets(plan: BucketsPlan, place: Place): GcpBuckets {
  const models = privateBucket('models', plan.models, { ...place, region: plan.region });
  const lake = privateBucket('lake', plan.lake, { ...place, region: plan.region });
  new BucketObject(
    'repository-index',
    {
      bucket: models.name,
      name: REPOSITORY_INDEX,
      content: plan.repositoryIndex,
      contentType: 'application/json',
    },
    { parent: place.parent },
  );
  return { models, lake };
}

function privateBucket(
  name: string,
  plan: BucketPlan,
  { region, parent, after }: Place & { readonly region: string },
): Bucket {
  return new Bucket(
    name,
    {
      name: plan.name,
      location: region,
      uniformBucketLevelAccess: true,
      publicAccessPrevention: 'enforced',
      softDeletePolicy: { retentionDurationSeconds: plan.recoverableDays * SECONDS_PER_DAY },
      lifecycleRules: lifecycleRules(plan),
      forceDestroy: false,
    },
    { parent, protect: true, dependsOn: [...after] },
  );
}

function lifecycleRules({ expireAfterDays }: BucketPlan) {
  return [
    ...(expireAfterDays === null
      ? []
      : [{ action: { type: 'Delete' }, condition: { age: expireAfterDays } }]),
    { action: { type: 'AbortIncompleteMultipartUpload' }, condition: { age: ABANDONED_UPLOAD_DAYS } },
  ];
}
