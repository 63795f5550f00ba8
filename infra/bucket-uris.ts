import type { Output } from '@pulumi/pulumi';

/** Where a cloud's buckets are, once they are there: what every cloud's component gives. */
export interface BucketUris {
  /** `s3://bucket/` or `gs://bucket/`: with an object's name after it, one of a version's `artifacts`. */
  readonly modelsUri: Output<string>;
  /** `s3://bucket/` or `gs://bucket/`: the gateway's `LAKE_URI`. */
  readonly lakeUri: Output<string>;
}
