import type { Output } from '@pulumi/pulumi';

/** What every cloud gives once it is made. */
export interface CloudOutputs {
  /** `s3://bucket/` or `gs://bucket/`: with an object's name after it, one of a version's `artifacts`. */
  readonly modelsUri: Output<string>;
  /** `s3://bucket/` or `gs://bucket/`: the gateway's `LAKE_URI`. */
  readonly lakeUri: Output<string>;
  /** Where the image is pushed to, without a tag. */
  readonly imageRepository: Output<string>;
  /** Host name or address of the load balancer before the gateways. */
  readonly gatewayAddress: Output<string>;
  /** Root of the runners' URLs; null while there is no image of theirs. */
  readonly runnerUrl: Output<string | null>;
  /** Addresses that requests to the outside come from: what MongoDB's access list has to hold. */
  readonly egressAddresses: Output<string[]>;
}
