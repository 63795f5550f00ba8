import { Bucket } from '@pulumi/gcp/storage/bucket.js';
import { ComponentResource, type ComponentResourceOptions, interpolate, type Output } from '@pulumi/pulumi';
import type { BucketUris } from '../bucket-uris.ts';
import { ABANDONED_UPLOAD_DAYS, type BucketPlan, type BucketsPlan } from '../placement.ts';

const SECONDS_PER_DAY = 86_400;

/**
 * The buckets in Google Cloud Storage: private by IAM alone, encrypted by Google, and protected:
 * `pulumi destroy` refuses them. Soft delete is what makes an object recoverable: unlike an old version, a
 * deleted or overwritten object cannot be purged before its time, whoever asks.
 */
export class GcpBuckets extends ComponentResource implements BucketUris {
  readonly modelsUri: Output<string>;
  readonly lakeUri: Output<string>;

  constructor(name: string, plan: BucketsPlan, options: ComponentResourceOptions = {}) {
    super('switchyard:gcp:Buckets', name, {}, { ...options, protect: true });
    this.modelsUri = privateBucket('models', plan.models, { region: plan.region, parent: this });
    this.lakeUri = privateBucket('lake', plan.lake, { region: plan.region, parent: this });
    this.registerOutputs({ modelsUri: this.modelsUri, lakeUri: this.lakeUri });
  }
}

interface Place {
  readonly region: string;
  readonly parent: GcpBuckets;
}

function privateBucket(name: string, plan: BucketPlan, { region, parent }: Place): Output<string> {
  const bucket = new Bucket(
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
    { parent },
  );
  return interpolate`gs://${bucket.name}/`;
}

function lifecycleRules({ expireAfterDays }: BucketPlan) {
  return [
    ...(expireAfterDays === null
      ? []
      : [{ action: { type: 'Delete' }, condition: { age: expireAfterDays } }]),
    { action: { type: 'AbortIncompleteMultipartUpload' }, condition: { age: ABANDONED_UPLOAD_DAYS } },
  ];
}
