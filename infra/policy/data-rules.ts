import { at, type CheckedResource, type Rule, unless } from './rule.ts';

const BLOCKS = ['blockPublicAcls', 'blockPublicPolicy', 'ignorePublicAcls', 'restrictPublicBuckets'];
const EVERYBODY = ['allUsers', 'allAuthenticatedUsers'];

const noPublicBucket: Rule = {
  name: 'no-public-bucket',
  description: 'No bucket can be read by the public, and none can be made so by an ACL or a policy.',
  check: ({ type, props }) => {
    switch (type) {
      case 'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock':
        return BLOCKS.filter((key) => props[key] !== true).map((key) => `${key} must be true`);
      case 'gcp:storage/bucket:Bucket':
        return unless(
          [props['publicAccessPrevention'] === 'enforced', 'publicAccessPrevention must be enforced'],
          [props['uniformBucketLevelAccess'] === true, 'uniformBucketLevelAccess must be true'],
        );
      case 'gcp:storage/bucketIAMMember:BucketIAMMember':
        return unless([
          !EVERYBODY.includes(String(props['member'])),
          'a bucket must not be open to everybody',
        ]);
      default:
        return [];
    }
  },
  checkStack: everyBucketHas('bucketPublicAccessBlock:BucketPublicAccessBlock'),
};

/** The property that names the key, by type; all of these can do without one, and must not. */
const KEY_PROPERTIES: Readonly<Record<string, readonly string[]>> = {
  'aws:cloudwatch/logGroup:LogGroup': ['kmsKeyId'],
  'aws:secretsmanager/secret:Secret': ['kmsKeyId'],
  'aws:sns/topic:Topic': ['kmsMasterKeyId'],
};

const encryptedAtRest: Rule = {
  name: 'encrypted-at-rest',
  description:
    "What AWS stores is encrypted with the stack's key, which is rotated; Google encrypts everything.",
  check: ({ type, props }) => {
    const own = (KEY_PROPERTIES[type] ?? []).filter((key) => props[key] === undefined);
    return [...own.map((key) => `${key} must name the key`), ...unless(...encryptionOf(type, props))];
  },
  checkStack: everyBucketHas(
    'bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration',
  ),
};

function encryptionOf(type: string, props: CheckedResource['props']): (readonly [boolean, string])[] {
  switch (type) {
    case 'aws:kms/key:Key':
      return [[props['enableKeyRotation'] === true, 'the key must be rotated']];
    case 'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration':
      return [
        [
          at(props, 'rules', 0, 'applyServerSideEncryptionByDefault', 'sseAlgorithm') === 'aws:kms',
          'objects must be encrypted with KMS',
        ],
      ];
    case 'aws:ecr/repository:Repository':
      return [
        [
          at(props, 'encryptionConfigurations', 0, 'encryptionType') === 'KMS',
          'images must be encrypted with KMS',
        ],
      ];
    case 'aws:athena/workgroup:Workgroup': {
      const path = ['configuration', 'resultConfiguration', 'encryptionConfiguration', 'encryptionOption'];
      return [[at(props, ...path) === 'SSE_KMS', 'results must be encrypted with KMS']];
    }
    default:
      return [];
  }
}

const DATA = [
  'aws:kms/key:Key',
  'aws:s3/bucket:Bucket',
  'aws:secretsmanager/secret:Secret',
  'aws:ecr/repository:Repository',
  'gcp:storage/bucket:Bucket',
  'gcp:secretmanager/secret:Secret',
  'gcp:artifactregistry/repository:Repository',
];

const protectedData: Rule = {
  name: 'protected-data',
  description: 'What holds data or is needed to read it is not deleted by mistake.',
  check: ({ type, protect, props }) =>
    DATA.includes(type)
      ? unless(
          [protect, 'must be protected: pulumi destroy must refuse it'],
          [
            props['forceDestroy'] !== true && props['forceDelete'] !== true,
            'must not be emptied in order to be deleted',
          ],
        )
      : [],
};

/** Each S3 bucket must have a setting, which is a resource of its own. */
function everyBucketHas(setting: string): NonNullable<Rule['checkStack']> {
  return (resources) => {
    const having = new Set(
      resources.filter(({ type }) => type === `aws:s3/${setting}`).map(({ props }) => props['bucket']),
    );
    return resources
      .filter(({ type, props }) => type === 'aws:s3/bucket:Bucket' && !having.has(props['bucket']))
      .map(({ name }) => `bucket ${name} has no ${setting.split(':')[1]}`);
  };
}

export const DATA_RULES: readonly Rule[] = [noPublicBucket, encryptedAtRest, protectedData];
