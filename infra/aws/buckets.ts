import { Key } from '@pulumi/aws/kms/key.js';
import { Bucket } from '@pulumi/aws/s3/bucket.js';
import { BucketLifecycleConfiguration } from '@pulumi/aws/s3/bucketLifecycleConfiguration.js';
import { BucketOwnershipControls } from '@pulumi/aws/s3/bucketOwnershipControls.js';
import { BucketPolicy } from '@pulumi/aws/s3/bucketPolicy.js';
import { BucketPublicAccessBlock } from '@pulumi/aws/s3/bucketPublicAccessBlock.js';
import { BucketServerSideEncryptionConfiguration } from '@pulumi/aws/s3/bucketServerSideEncryptionConfiguration.js';
import { BucketVersioning } from '@pulumi/aws/s3/bucketVersioning.js';
import {
  ComponentResource,
  type ComponentResourceOptions,
  interpolate,
  jsonStringify,
  type Output,
} from '@pulumi/pulumi';
import type { BucketUris } from '../bucket-uris.ts';
import { ABANDONED_UPLOAD_DAYS, type BucketPlan, type BucketsPlan } from '../placement.ts';

/**
 * The buckets in S3: private, TLS only, owned by the account alone, encrypted with a KMS key of the stack, and
 * protected: `pulumi destroy` refuses them. Old versions are what makes an object recoverable.
 *
 * A key of our own rather than S3's: reading then takes a grant on the key too, so that one bucket policy gone
 * wrong gives nothing away. A bucket key keeps the calls to KMS, and their cost, from growing with requests.
 */
export class AwsBuckets extends ComponentResource implements BucketUris {
  readonly modelsUri: Output<string>;
  readonly lakeUri: Output<string>;

  constructor(name: string, plan: BucketsPlan, options: ComponentResourceOptions = {}) {
    super('switchyard:aws:Buckets', name, {}, { ...options, protect: true });
    const key = new Key(
      'buckets',
      {
        description: `Encrypts the buckets ${plan.models.name} and ${plan.lake.name}`,
        region: plan.region,
        enableKeyRotation: true,
        deletionWindowInDays: 30,
      },
      { parent: this },
    );
    const place = { region: plan.region, keyArn: key.arn, parent: this };
    this.modelsUri = privateBucket('models', plan.models, place);
    this.lakeUri = privateBucket('lake', plan.lake, place);
    this.registerOutputs({ modelsUri: this.modelsUri, lakeUri: this.lakeUri });
  }
}

interface Place {
  readonly region: string;
  readonly keyArn: Output<string>;
  readonly parent: AwsBuckets;
}

function privateBucket(name: string, plan: BucketPlan, { region, keyArn, parent }: Place): Output<string> {
  const bucket = new Bucket(name, { bucket: plan.name, region, forceDestroy: false }, { parent });
  const of = { bucket: bucket.bucket, region };
  new BucketOwnershipControls(name, { ...of, rule: { objectOwnership: 'BucketOwnerEnforced' } }, { parent });
  const publicAccessBlock = new BucketPublicAccessBlock(
    name,
    {
      ...of,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    },
    { parent },
  );
  new BucketServerSideEncryptionConfiguration(
    name,
    {
      ...of,
      rules: [
        {
          applyServerSideEncryptionByDefault: { sseAlgorithm: 'aws:kms', kmsMasterKeyId: keyArn },
          bucketKeyEnabled: true,
          blockedEncryptionTypes: ['SSE-C'],
        },
      ],
    },
    { parent },
  );
  const versioning = new BucketVersioning(
    name,
    { ...of, versioningConfiguration: { status: 'Enabled' } },
    { parent },
  );
  new BucketLifecycleConfiguration(
    name,
    { ...of, rules: lifecycleRules(plan) },
    // A rule on noncurrent versions means nothing before there are any.
    { parent, dependsOn: [versioning] },
  );
  // S3 answers OperationAborted to two changes of one bucket's access at the same time.
  new BucketPolicy(name, { ...of, policy: tlsOnly(bucket.arn) }, { parent, dependsOn: [publicAccessBlock] });
  return interpolate`s3://${bucket.bucket}/`;
}

function lifecycleRules({ expireAfterDays, recoverableDays }: BucketPlan) {
  const always = { status: 'Enabled', filter: {} };
  return [
    ...(expireAfterDays === null ? [] : [{ ...always, id: 'expire', expiration: { days: expireAfterDays } }]),
    {
      ...always,
      id: 'forget-deleted',
      noncurrentVersionExpiration: { noncurrentDays: recoverableDays },
      expiration: { expiredObjectDeleteMarker: true },
    },
    {
      ...always,
      id: 'abort-uploads',
      abortIncompleteMultipartUpload: { daysAfterInitiation: ABANDONED_UPLOAD_DAYS },
    },
  ];
}

function tlsOnly(bucketArn: Output<string>): Output<string> {
  return jsonStringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'DenyPlainHttp',
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:*',
        Resource: [bucketArn, interpolate`${bucketArn}/*`],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ],
  });
}
