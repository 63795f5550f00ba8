import { Bucket } from '@pulumi/aws/s3/bucket.js';
import { BucketLifecycleConfiguration } from '@pulumi/aws/s3/bucketLifecycleConfiguration.js';
import { BucketObjectv2 } from '@pulumi/aws/s3/bucketObjectv2.js';
import { BucketOwnershipControls } from '@pulumi/aws/s3/bucketOwnershipControls.js';
import { BucketPolicy } from '@pulumi/aws/s3/bucketPolicy.js';
import { BucketPublicAccessBlock } from '@pulumi/aws/s3/bucketPublicAccessBlock.js';
import { BucketServerSideEncryptionConfiguration } from '@pulumi/aws/s3/bucketServerSideEncryptionConfiguration.js';
import { BucketVersioning } from '@pulumi/aws/s3/bucketVersioning.js';
import { interpolate, jsonStringify, type Output, type Resource } from '@pulumi/pulumi';
import { REPOSITORY_INDEX } from '../catalogue.ts';
import { ABANDONED_UPLOAD_DAYS, type BucketPlan, type BucketsPlan } from '../cloud-plan.ts';

export interface AwsBuckets {
  readonly models: Bucket;
  readonly lake: Bucket;
}

interface Place {
  readonly region: string;
  readonly keyArn: Output<string>;
  readonly parent: Resource;
}

/**
 * The buckets in S3: private, TLS only, owned by the account alone, encrypted with the stack's key, and
 * protected: `pulumi destroy` refuses them. Old versions are what makes an object recoverable. An artifact, once
 * there, is neither replaced nor deleted by anybody; the index that names what is served is.
 */
export function makeBuckets(plan: BucketsPlan, place: Place): AwsBuckets {
  const models = privateBucket('models', plan.models, { ...place, deny: denyChangingArtifacts });
  const lake = privateBucket('lake', plan.lake, { ...place, deny: () => [] });
  new BucketObjectv2(
    'repository-index',
    {
      bucket: models.bucket,
      region: plan.region,
      key: REPOSITORY_INDEX,
      content: plan.repositoryIndex,
      contentType: 'application/json',
    },
    { parent: place.parent },
  );
  return { models, lake };
}

/** A statement of a bucket's policy, for the bucket with this ARN. */
type Denials = (bucketArn: Output<string>) => readonly object[];

function privateBucket(
  name: string,
  plan: BucketPlan,
  { region, keyArn, parent, deny }: Place & { readonly deny: Denials },
): Bucket {
  const options = { parent, protect: true };
  const bucket = new Bucket(name, { bucket: plan.name, region, forceDestroy: false }, options);
  const of = { bucket: bucket.bucket, region };
  new BucketOwnershipControls(name, { ...of, rule: { objectOwnership: 'BucketOwnerEnforced' } }, options);
  const publicAccessBlock = new BucketPublicAccessBlock(
    name,
    {
      ...of,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    },
    options,
  );
  new BucketServerSideEncryptionConfiguration(
    name,
    {
      ...of,
      rules: [
        {
          applyServerSideEncryptionByDefault: { sseAlgorithm: 'aws:kms', kmsMasterKeyId: keyArn },
          // Keeps the calls to KMS, and their cost, from growing with requests.
          bucketKeyEnabled: true,
          blockedEncryptionTypes: ['SSE-C'],
        },
      ],
    },
    options,
  );
  const versioning = new BucketVersioning(
    name,
    { ...of, versioningConfiguration: { status: 'Enabled' } },
    options,
  );
  new BucketLifecycleConfiguration(
    name,
    { ...of, rules: lifecycleRules(plan) },
    // A rule on noncurrent versions means nothing before there are any.
    { ...options, dependsOn: [versioning] },
  );
  new BucketPolicy(
    name,
    { ...of, policy: denials([denyPlainHttp(bucket.arn), ...deny(bucket.arn)]) },
    // S3 answers OperationAborted to two changes of one bucket's access at the same time.
    { ...options, dependsOn: [publicAccessBlock] },
  );
  return bucket;
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

const denials = (statements: readonly object[]): Output<string> =>
  jsonStringify({ Version: '2012-10-17', Statement: [...statements] });

const everybody = { Effect: 'Deny', Principal: '*' };

const denyPlainHttp = (bucketArn: Output<string>) => ({
  ...everybody,
  Sid: 'DenyPlainHttp',
  Action: 's3:*',
  Resource: [bucketArn, interpolate`${bucketArn}/*`],
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html */
const denyChangingArtifacts: Denials = (bucketArn) => [
  {
    ...everybody,
    Sid: 'DenyReplacing',
    Action: 's3:PutObject',
    NotResource: interpolate`${bucketArn}/${REPOSITORY_INDEX}`,
    // The parts of an upload carry no condition; its completion does.
    Condition: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
  },
  {
    ...everybody,
    Sid: 'DenyDeleting',
    Action: ['s3:DeleteObject', 's3:DeleteObjectVersion'],
    Resource: interpolate`${bucketArn}/*`,
  },
];
