import { readFileSync } from 'node:fs';
import { runtime } from '@pulumi/pulumi';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../../gateway/config.ts';
import { openObjectStore } from '../../models/artifacts/open-object-store.ts';
import { modelVersionSchema } from '../../models/catalogue/model.ts';
import {
  PROGRAM_TIMEOUT_MS,
  type ProgramRun,
  type Registered,
  runProgram,
  type Stack,
} from '../support/pulumi-engine.ts';

/** The stack files that infra/README.md shows, by the file name in their first line. */
const STACKS = Object.fromEntries(
  [...readFileSync('infra/README.md', 'utf8').matchAll(/```yaml\n# Pulumi\.(\w+)\.yaml\n(.*?)```/gs)].map(
    ([, name = '', yaml = '']) => [name, { name, config: parse(yaml).config }],
  ),
);

const stackOf = (name: string): Stack => STACKS[name] ?? expect.fail(`infra/README.md shows no ${name}`);

/** What the clouds decide. */
const computed = ({ type, inputs }: Registered): Record<string, string> => {
  if (type === 'aws:s3/bucket:Bucket') return { arn: `arn:aws:s3:::${inputs['bucket']}` };
  if (type === 'aws:kms/key:Key') return { arn: 'arn:aws:kms:eu-west-1:111122223333:key/1' };
  return {};
};

const SETTINGS_OF_A_BUCKET = [
  'bucket:Bucket',
  'bucketLifecycleConfiguration:BucketLifecycleConfiguration',
  'bucketOwnershipControls:BucketOwnershipControls',
  'bucketPolicy:BucketPolicy',
  'bucketPublicAccessBlock:BucketPublicAccessBlock',
  'bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration',
  'bucketVersioning:BucketVersioning',
].map((type) => `aws:s3/${type}`);

describe("the Pulumi program, run by Pulumi's own runner", () => {
  let preview: ProgramRun;
  let update: ProgramRun;

  beforeAll(async () => {
    [preview, update] = await Promise.all([
      runProgram(stackOf('prod'), { dryRun: true }),
      runProgram(stackOf('prod'), { dryRun: false, computed }),
    ]);
  }, PROGRAM_TIMEOUT_MS);

  const made = (type: string, name: string): Registered['inputs'] =>
    update.resources.find((resource) => resource.type === type && resource.name === name)?.inputs ??
    expect.fail(`${type} ${name} was not registered`);
  const names = (run: ProgramRun) => run.resources.map(({ urn }) => urn).sort();

  it('ends well in preview and in update, with the same resources', () => {
    for (const run of [preview, update]) {
      expect(run).toMatchObject({ exitCode: 0, errors: [], stderr: '' });
    }
    expect(names(preview)).toEqual(names(update));
  });

  it('makes the two buckets in each cloud with all their settings, a key, and nothing more', () => {
    const count = (type: string) => update.resources.filter((resource) => resource.type === type).length;
    for (const type of [...SETTINGS_OF_A_BUCKET, 'gcp:storage/bucket:Bucket'])
      expect([type, count(type)]).toEqual([type, 2]);
    const containers = ['pulumi:pulumi:Stack', 'pulumi:providers:aws', 'pulumi:providers:gcp'];
    for (const type of [
      ...containers,
      'switchyard:aws:Buckets',
      'switchyard:gcp:Buckets',
      'aws:kms/key:Key',
    ]) {
      expect([type, count(type)]).toEqual([type, 1]);
    }
    expect(update.resources).toHaveLength(2 * 7 + 2 + 6);
  });

  it('answers with the URIs of each cloud', () => {
    expect(update.outputs).toEqual({
      aws: { modelsUri: 's3://acme-prod-models/', lakeUri: 's3://acme-prod-lake/' },
      gcp: { modelsUri: 'gs://acme-prod-models/', lakeUri: 'gs://acme-prod-lake/' },
    });
  });

  it.each(['aws', 'gcp'])('gives URIs in %s that the gateway and the catalogue take as they are', (cloud) => {
    const { modelsUri, lakeUri } = Object(update.outputs[cloud]);
    expect(readConfig({ LAKE_URI: lakeUri })).toMatchObject({ ok: true, config: { lakeUri } });
    expect(`${openObjectStore(lakeUri).uri}/`).toBe(lakeUri);
    const artifacts = [`${modelsUri}ranker/v1/model.onnx`];
    expect(modelVersionSchema.shape.artifacts.parse(artifacts)).toEqual(artifacts);
  });

  it('protects all that it makes, by the provider of its own stack', () => {
    const cloudResources = update.resources.filter(({ type }) => /^(aws|gcp):/.test(type));
    for (const { urn, type, protect, provider } of cloudResources) {
      expect([urn, protect]).toEqual([urn, true]);
      expect(provider).toContain(`::pulumi:providers:${type.split(':')[0]}::`);
    }
  });

  it('tags everything alike in both clouds, and touches no other account', () => {
    const tags = { product: 'switchyard', name: 'acme', environment: 'prod' };
    const aws = made('pulumi:providers:aws', 'aws');
    const gcp = made('pulumi:providers:gcp', 'gcp');
    // A provider's own settings cross the wire as JSON.
    expect(JSON.parse(String(aws['defaultTags']))).toEqual({ tags });
    expect(JSON.parse(String(aws['allowedAccountIds']))).toEqual(['111122223333']);
    expect(JSON.parse(String(gcp['defaultLabels']))).toEqual(tags);
    expect(gcp['project']).toBe('acme-prod');
  });

  describe.each(['models', 'lake'])('the %s bucket in S3', (name) => {
    const setting = (type: string) => made(`aws:s3/${type}`, name);

    it('is private and owned by the account alone', () => {
      expect(setting('bucketPublicAccessBlock:BucketPublicAccessBlock')).toMatchObject({
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      });
      expect(setting('bucketOwnershipControls:BucketOwnershipControls')['rule']).toEqual({
        objectOwnership: 'BucketOwnerEnforced',
      });
    });

    it('denies plain HTTP on the bucket and on every object', () => {
      const { policy } = setting('bucketPolicy:BucketPolicy');
      expect(JSON.parse(String(policy)).Statement).toEqual([
        {
          Sid: 'DenyPlainHttp',
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:*',
          Resource: [`arn:aws:s3:::acme-prod-${name}`, `arn:aws:s3:::acme-prod-${name}/*`],
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
      ]);
    });

    it("is encrypted with the stack's own key, which is rotated", () => {
      const type = 'bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration';
      expect(setting(type)['rules']).toEqual([
        {
          applyServerSideEncryptionByDefault: {
            sseAlgorithm: 'aws:kms',
            kmsMasterKeyId: 'arn:aws:kms:eu-west-1:111122223333:key/1',
          },
          bucketKeyEnabled: true,
          blockedEncryptionTypes: ['SSE-C'],
        },
      ]);
      expect(made('aws:kms/key:Key', 'buckets')).toMatchObject({
        enableKeyRotation: true,
        deletionWindowInDays: 30,
      });
    });

    it('keeps old versions for a time, then forgets them, and keeps no abandoned upload', () => {
      expect(setting('bucketVersioning:BucketVersioning')['versioningConfiguration']).toEqual({
        status: 'Enabled',
      });
      const rules = setting('bucketLifecycleConfiguration:BucketLifecycleConfiguration')['rules'];
      expect(rules).toEqual([
        ...(name === 'lake'
          ? [{ id: 'expire', status: 'Enabled', filter: {}, expiration: { days: 400 } }]
          : []),
        {
          id: 'forget-deleted',
          status: 'Enabled',
          filter: {},
          noncurrentVersionExpiration: { noncurrentDays: name === 'lake' ? 7 : 90 },
          expiration: { expiredObjectDeleteMarker: true },
        },
        {
          id: 'abort-uploads',
          status: 'Enabled',
          filter: {},
          abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
        },
      ]);
    });

    it('is not emptied in order to be deleted', () => {
      expect(setting('bucket:Bucket')).toMatchObject({ region: 'eu-west-1', forceDestroy: false });
    });
  });

  describe.each(['models', 'lake'])('the %s bucket in GCS', (name) => {
    it('is private, recoverable, and not emptied in order to be deleted', () => {
      expect(made('gcp:storage/bucket:Bucket', name)).toEqual({
        name: `acme-prod-${name}`,
        location: 'europe-west1',
        uniformBucketLevelAccess: true,
        publicAccessPrevention: 'enforced',
        softDeletePolicy: { retentionDurationSeconds: (name === 'lake' ? 7 : 90) * 86_400 },
        lifecycleRules: [
          ...(name === 'lake' ? [{ action: { type: 'Delete' }, condition: { age: 400 } }] : []),
          { action: { type: 'AbortIncompleteMultipartUpload' }, condition: { age: 7 } },
        ],
        forceDestroy: false,
      });
    });
  });

  it('knows in preview everything but what AWS decides', () => {
    const unknown = preview.resources.flatMap(({ type, name, inputs }) =>
      JSON.stringify(inputs).includes(runtime.unknownValue) ? [`${type.split(':').at(-1)} ${name}`] : [],
    );
    expect(unknown.sort()).toEqual([
      'BucketPolicy lake',
      'BucketPolicy models',
      'BucketServerSideEncryptionConfiguration lake',
      'BucketServerSideEncryptionConfiguration models',
    ]);
    expect(preview.outputs).toEqual(update.outputs);
  });

  it('changes access to a bucket one thing after the other', () => {
    const policies = update.resources.filter(({ type }) => type.endsWith(':BucketPolicy'));
    for (const { name, dependencies } of policies) {
      expect(dependencies.join()).toContain(`:BucketPublicAccessBlock::${name}`);
    }
  });
});

describe.concurrent('another stack', { timeout: PROGRAM_TIMEOUT_MS }, () => {
  it.for([
    { cloud: 'gcp', other: 'aws', stack: stackOf('dev') },
    {
      cloud: 'aws',
      other: 'gcp',
      stack: {
        name: 'dev',
        config: {
          name: 'acme',
          lakeRetentionDays: 30,
          aws: { accountId: 111122223333, region: 'eu-west-1' },
        },
      },
    },
  ])('makes nothing in $other where it names only $cloud', async ({ cloud, other, stack }, { expect }) => {
    const run = await runProgram(stack, { dryRun: false, computed });
    expect(run).toMatchObject({ exitCode: 0, errors: [] });
    expect(Object.keys(run.outputs)).toEqual([cloud]);
    expect(run.resources.filter(({ type }) => type.includes(other))).toEqual([]);
  });

  it('fails with one error that lists every issue, before the first resource', async ({ expect }) => {
    const stack = { name: 'Dev', config: { name: 'acme', aws: { region: 'europe' }, retention: 30 } };
    const run = await runProgram(stack, { dryRun: false, computed });
    expect(run.exitCode).not.toBe(0);
    expect(run.resources.map(({ type }) => type)).toEqual(['pulumi:pulumi:Stack']);
    expect(run.errors).toEqual([expect.stringMatching(/^The stack cannot be planned:\n/)]);
    for (const key of ['stack name', 'lakeRetentionDays', 'aws.accountId', 'aws.region', '"retention"']) {
      expect(run.errors[0]).toContain(key);
    }
  });
});
