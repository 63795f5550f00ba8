import { beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../gateway/config.ts';
import { LAKE_COLUMNS } from '../../gateway/pipeline/lake-schema.ts';
import { S3_ACTIONS } from '../../infra/aws/permissions.ts';
import { bucketPermissions } from '../../infra/gcp/permissions.ts';
import { type ProcessName, STORE_USE } from '../../infra/store-use.ts';
import { openObjectStore } from '../../models/artifacts/open-object-store.ts';
import { modelVersionSchema } from '../../models/catalogue/model.ts';
import { targetSchema } from '../../models/catalogue/target.ts';
import {
  PROGRAM_TIMEOUT_MS,
  type ProgramRun,
  type Registered,
  runProgram,
} from '../support/pulumi-engine.ts';
import { stackOf } from '../support/stack-files.ts';
import { decidedByCloud } from '../support/stand-in-clouds.ts';

/** What S3 and KMS want of a process, by what it does with its buckets; a test keeps that list to the code. */
const actionsOf = (process: ProcessName): string[] =>
  [...STORE_USE[process].lake, ...STORE_USE[process].models].flatMap((method) => {
    const { object, bucket, key } = S3_ACTIONS[method];
    return [...object, ...bucket, ...key];
  });

/** Both clouds in production; test/stacks runs every stack file, in preview too. */
describe("the Pulumi program, run by Pulumi's own runner", () => {
  let update: ProgramRun;

  beforeAll(async () => {
    update = await runProgram(stackOf('both-production'), { dryRun: false, computed: decidedByCloud });
  }, PROGRAM_TIMEOUT_MS);

  const made = (type: string, name: string): Registered['inputs'] =>
    update.resources.find((resource) => resource.type === type && resource.name === name)?.inputs ??
    expect.fail(`${type} ${name} was not registered`);
  const all = (type: string) => update.resources.filter((resource) => resource.type === type);

  it('ends well', () => {
    expect(update).toMatchObject({ exitCode: 0, errors: [], stderr: '' });
  });

  it('answers with the same outputs for each cloud', () => {
    expect(Object.keys(update.outputs).sort()).toEqual(['aws', 'catalogue', 'gcp', 'url']);
    expect(Object.keys(Object(update.outputs['aws'])).sort()).toEqual(
      Object.keys(Object(update.outputs['gcp'])).sort(),
    );
    expect(update.outputs['url']).toBe('https://gateway.acme.example');
  });

  it.each(['aws', 'gcp'])('gives URIs in %s that the gateway and the catalogue take as they are', (cloud) => {
    const { modelsUri, lakeUri } = Object(update.outputs[cloud]);
    expect(readConfig({ LAKE_URI: lakeUri })).toMatchObject({ ok: true, config: { lakeUri } });
    expect(`${openObjectStore(lakeUri).uri}/`).toBe(lakeUri);
    const artifacts = [`${modelsUri}ranker/v1/model.onnx`];
    expect(modelVersionSchema.shape.artifacts.parse(artifacts)).toEqual(artifacts);
  });

  it('gives a target in each cloud for each model version, as the catalogue wants them', () => {
    const { targets, versions } = Object(update.outputs['catalogue']);
    const parsed = targets.map((target: unknown) => targetSchema.parse(target));
    expect(parsed.map(({ key, auth }: { key: string; auth: { kind: string } }) => [key, auth.kind])).toEqual([
      ['movie-ranker-v1-aws-eu-west-1', 'aws-signature'],
      ['movie-ranker-v2-aws-eu-west-1', 'aws-signature'],
      ['movie-ranker-v1-gcp-europe-west1', 'google-id-token'],
      ['movie-ranker-v2-gcp-europe-west1', 'google-id-token'],
    ]);
    expect(versions[0].artifacts).toEqual([
      's3://acme-both-production-models/movie-ranker/v1/model.onnx',
      'gs://acme-both-production-models/movie-ranker/v1/model.onnx',
    ]);
  });

  it('tags everything alike in both clouds, and touches no other account', () => {
    const tags = { product: 'switchyard', name: 'acme', stack: 'both-production', environment: 'production' };
    const aws = made('pulumi:providers:aws', 'aws');
    const gcp = made('pulumi:providers:gcp', 'gcp');
    // A provider's own settings cross the wire as JSON.
    expect(JSON.parse(String(aws['defaultTags']))).toEqual({ tags });
    expect(JSON.parse(String(aws['allowedAccountIds']))).toEqual(['111122223333']);
    expect(JSON.parse(String(gcp['defaultLabels']))).toEqual(tags);
    expect(gcp['project']).toBe('acme-production');
    for (const { urn, type, provider } of update.resources.filter(({ type }) => /^(aws|gcp):/.test(type))) {
      expect([urn, provider]).toEqual([
        urn,
        expect.stringContaining(`::pulumi:providers:${type.split(':')[0]}::`),
      ]);
    }
  });

  describe('the gateway on Fargate', () => {
    const task = () => made('aws:ecs/taskDefinition:TaskDefinition', 'gateway');
    const container = () => JSON.parse(String(task()['containerDefinitions']))[0];

    it('runs the image by its digest, as nobody in particular, with one place to write', () => {
      expect(container()).toMatchObject({
        image: expect.stringMatching(/\/acme-both-production@sha256:[0-9a-f]{64}$/),
        command: ['node', 'gateway/main.ts'],
        readonlyRootFilesystem: true,
        linuxParameters: { capabilities: { drop: ['ALL'] } },
        mountPoints: [{ sourceVolume: 'data', containerPath: '/data' }],
      });
    });

    it('is asked where the gateway answers, and stopped after its drain', () => {
      expect(container().portMappings).toEqual([{ containerPort: 8080, protocol: 'tcp' }]);
      expect(container().stopTimeout).toBeGreaterThan(25);
      expect(made('aws:lb/targetGroup:TargetGroup', 'gateway')).toMatchObject({
        port: 8080,
        deregistrationDelay: 25,
        healthCheck: { path: '/readyz' },
      });
      expect(made('aws:lb/loadBalancer:LoadBalancer', 'gateway')).toMatchObject({ idleTimeout: 60 });
    });

    it('gets its secrets from Secrets Manager and nowhere else', () => {
      expect(container().secrets).toEqual(
        ['MONGODB_URI', 'ADMIN_API_KEY'].map((name) => ({
          name,
          // The version, so that another value makes other tasks.
          valueFrom: expect.stringMatching(new RegExp(`:acme-both-production/${name}:::1111-2222$`)),
        })),
      );
      const names = container().environment.map(({ name }: { name: string }) => name);
      expect(names).not.toContain('MONGODB_URI');
    });

    it('is rolled blue to green, and back by itself when it fails', () => {
      expect(made('aws:ecs/service:Service', 'gateway')).toMatchObject({
        deploymentConfiguration: { strategy: 'BLUE_GREEN' },
        deploymentCircuitBreaker: { enable: true, rollback: true },
        loadBalancers: [{ advancedConfiguration: { alternateTargetGroupArn: expect.any(String) } }],
      });
      expect(made('aws:ecs/service:Service', 'runner')).toMatchObject({
        deploymentConfiguration: { strategy: 'ROLLING' },
      });
    });

    it('grows with requests and with processors, within its bounds', () => {
      expect(made('aws:appautoscaling/target:Target', 'gateway')).toMatchObject({
        minCapacity: 2,
        maxCapacity: 20,
      });
      const policy = (name: string) =>
        Object(made('aws:appautoscaling/policy:Policy', name)['targetTrackingScalingPolicyConfiguration']);
      for (const name of ['gateway', 'runner']) {
        expect(policy(`${name}-cpu`).predefinedMetricSpecification).toEqual({
          predefinedMetricType: 'ECSServiceAverageCPUUtilization',
        });
        const [requests, tasks, each] = policy(`${name}-requests`).customizedMetricSpecification.metrics;
        expect(requests.metricStat.metric.metricName).toBe('RequestCount');
        expect(tasks.metricStat.metric.metricName).toBe('RunningTaskCount');
        expect(each).toMatchObject({ expression: 'requests / tasks', returnData: true });
      }
    });
  });

  describe('the runners in AWS', () => {
    it('let a request in from outside only with a signature of IAM on it', () => {
      expect(made('aws:apigatewayv2/route:Route', 'runner')).toMatchObject({
        routeKey: 'ANY /{path+}',
        authorizationType: 'AWS_IAM',
      });
      expect(all('aws:apigatewayv2/route:Route')).toHaveLength(1);
      expect(made('aws:apigatewayv2/api:Api', 'runner')).toMatchObject({ disableExecuteApiEndpoint: true });
    });

    it('are found under one name from outside and from inside', () => {
      expect(made('aws:route53/record:Record', 'runner-inside')).toMatchObject({
        zoneId: 'ZINSIDE',
        name: 'runner.gateway.acme.example',
      });
      expect(made('aws:route53/record:Record', 'runner-outside')).toMatchObject({
        zoneId: 'Z0123456789ABCDEFGHIJ',
        name: 'runner.gateway.acme.example',
      });
      expect(made('aws:lb/loadBalancer:LoadBalancer', 'runner')).toMatchObject({ internal: true });
    });
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
      const bucket = `arn:aws:s3:::acme-both-production-${name}`;
      expect(JSON.parse(String(policy)).Statement[0]).toEqual({
        Sid: 'DenyPlainHttp',
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:*',
        Resource: [bucket, `${bucket}/*`],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
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

  it('lets nobody replace or delete an artifact in S3, and the index be replaced', () => {
    const { policy } = made('aws:s3/bucketPolicy:BucketPolicy', 'models');
    const [, replacing, deleting] = JSON.parse(String(policy)).Statement;
    expect(replacing).toMatchObject({
      Effect: 'Deny',
      Action: 's3:PutObject',
      NotResource: 'arn:aws:s3:::acme-both-production-models/repository.json',
    });
    expect(deleting).toMatchObject({ Effect: 'Deny', Action: ['s3:DeleteObject', 's3:DeleteObjectVersion'] });
  });

  describe.each(['models', 'lake'])('the %s bucket in GCS', (name) => {
    it('is private, recoverable, and not emptied in order to be deleted', () => {
      expect(made('gcp:storage/bucket:Bucket', name)).toEqual({
        name: `acme-both-production-${name}`,
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

  describe('Cloud Run', () => {
    const service = (name: string) => made('gcp:cloudrunv2/service:Service', name);
    const container = (name: string) => Object(service(name)['template']).containers[0];

    it.each([
      { name: 'gateway', port: 8080 },
      { name: 'runner', port: 8081 },
    ])('asks the $name where it answers, and keeps its processors on', ({ name, port }) => {
      expect(container(name)).toMatchObject({
        image: expect.stringMatching(/@sha256:[0-9a-f]{64}$/),
        ports: { containerPort: port },
        startupProbe: { httpGet: { path: '/readyz', port } },
        livenessProbe: { httpGet: { path: '/livez', port } },
        resources: { cpuIdle: false, limits: { cpu: '2', memory: '4096Mi' } },
      });
      expect(Object(service(name)['template'])).toMatchObject({
        scaling: { minInstanceCount: 2, maxInstanceCount: 20 },
      });
    });

    it('lets clients reach the gateway through the load balancer alone, and callers the runner by their identity', () => {
      expect(service('gateway')).toMatchObject({ ingress: 'INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER' });
      expect(service('runner')).toMatchObject({ ingress: 'INGRESS_TRAFFIC_ALL', invokerIamDisabled: false });
      const invokers = all('gcp:cloudrunv2/serviceIamMember:ServiceIamMember');
      expect(invokers.map(({ inputs }) => [inputs['role'], inputs['member']])).toEqual([
        ['roles/run.invoker', 'serviceAccount:acme-both-production-gateway@acme.iam.gserviceaccount.com'],
        ['roles/run.invoker', 'serviceAccount:acme-both-production-aws@acme.iam.gserviceaccount.com'],
      ]);
    });
  });

  it('grants each role the actions that its process and its platform need, and no other', () => {
    const policies = all('aws:iam/rolePolicy:RolePolicy').map(({ name, inputs }) => {
      const statements = JSON.parse(String(inputs['policy'])).Statement;
      const actions = statements.flatMap(({ Action }: { Action: string[] }) => Action);
      return [name, [...new Set(actions)].sort()];
    });
    const start = [
      'ecr:BatchCheckLayerAvailability',
      'ecr:BatchGetImage',
      'ecr:GetAuthorizationToken',
      'ecr:GetDownloadUrlForLayer',
      'kms:Decrypt',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
    ];
    expect(Object.fromEntries(policies)).toEqual({
      gateway: [...new Set(actionsOf('gateway'))].sort(),
      runner: [...new Set(actionsOf('runner'))].sort(),
      'gateway-execution': [...start, 'secretsmanager:GetSecretValue'],
      'runner-execution': start,
      'from-gcp': ['execute-api:Invoke'],
    });
    const roles = all('gcp:projects/iAMCustomRole:IAMCustomRole').map(({ name, inputs }) => [
      name,
      inputs['permissions'],
    ]);
    expect(Object.fromEntries(roles)).toEqual({
      'gateway-lake': bucketPermissions('gateway', 'lake'),
      'gateway-models': bucketPermissions('gateway', 'models'),
      'runner-models': bucketPermissions('runner', 'models'),
    });
  });

  it('tells each gateway of the other cloud in words that it takes as they are', () => {
    const envOf = (list: readonly { readonly name: string; readonly value: string }[]) =>
      Object.fromEntries(list.map(({ name, value }) => [name, value]));
    const task = made('aws:ecs/taskDefinition:TaskDefinition', 'gateway');
    const inAws = envOf(JSON.parse(String(task['containerDefinitions']))[0].environment);
    expect(readConfig(inAws)).toMatchObject({
      ok: true,
      config: { googleFederation: { audience: expect.stringMatching(/^\/\/iam\.googleapis\.com\//) } },
    });
    const run = Object(made('gcp:cloudrunv2/service:Service', 'gateway')['template']).containers[0];
    const inGcp = envOf(run.envs.filter(({ value }: { value?: string }) => value !== undefined));
    expect(readConfig(inGcp)).toMatchObject({
      ok: true,
      config: {
        awsWebIdentity: {
          roleArn: 'arn:aws:iam::111122223333:role/acme-both-production-from-gcp',
          audience: 'sts.amazonaws.com',
        },
      },
    });
  });

  it('lets each cloud call the other without a key, by the one role and the one account', () => {
    const role = made('aws:iam/role:Role', 'from-gcp');
    const [trust] = JSON.parse(String(role['assumeRolePolicy'])).Statement;
    expect(trust).toMatchObject({
      Principal: { Federated: 'accounts.google.com' },
      Action: 'sts:AssumeRoleWithWebIdentity',
    });
    expect(Object.keys(trust.Condition.StringEquals).sort()).toEqual([
      'accounts.google.com:aud',
      'accounts.google.com:oaud',
      'accounts.google.com:sub',
    ]);
    expect(made('gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider', 'aws')).toMatchObject({
      aws: { accountId: '111122223333' },
      attributeCondition:
        "assertion.arn.startsWith('arn:aws:sts::111122223333:assumed-role/acme-both-production-gateway/')",
    });
  });

  it('answers for the gateway by weight and health, from one zone', () => {
    const record = (name: string) => made('aws:route53/record:Record', name);
    expect(record('gateway-aws')).toMatchObject({
      name: 'gateway.acme.example',
      weightedRoutingPolicies: [{ weight: 100 }],
      aliases: [{ evaluateTargetHealth: true }],
    });
    expect(record('gateway-gcp')).toMatchObject({
      name: 'gateway.acme.example',
      weightedRoutingPolicies: [{ weight: 0 }],
      healthCheckId: 'id-of-gateway-gcp',
    });
    expect(made('aws:route53/healthCheck:HealthCheck', 'gateway-gcp')).toMatchObject({
      resourcePath: '/readyz',
      fqdn: 'gateway.acme.example',
    });
  });

  it('has a table for each kind of record in both warehouses, with the same columns', () => {
    for (const kind of Object.keys(LAKE_COLUMNS)) {
      const glue = Object(made('aws:glue/catalogTable:CatalogTable', kind)['storageDescriptor']).columns;
      const external = Object(made('gcp:bigquery/table:Table', kind)['externalDataConfiguration']);
      const names = (columns: readonly { readonly name: string }[]) => columns.map(({ name }) => name);
      expect(names(glue)).toEqual(names(JSON.parse(external.schema)));
      expect(names(glue)).toContain('request_id');
    }
    expect(Object(made('aws:glue/catalogTable:CatalogTable', 'exposures')['parameters'])).toMatchObject({
      'projection.enabled': 'true',
      'storage.location.template': expect.stringMatching(
        /-lake\/exposures\/tenant=\$\{tenant\}\/date=\$\{date\}$/,
      ),
    });
  });
});

describe('a stack that cannot be planned', () => {
  it(
    'fails with one error that lists every issue, before the first resource',
    async () => {
      const stack = {
        name: 'Dev',
        config: { name: 'acme', aws: { region: 'europe' }, retention: 30 },
        secrets: {},
      };
      const run = await runProgram(stack, { dryRun: false, computed: decidedByCloud });
      expect(run.exitCode).not.toBe(0);
      expect(run.resources.map(({ type }) => type)).toEqual(['pulumi:pulumi:Stack']);
      expect(run.errors).toEqual([expect.stringMatching(/^The stack cannot be planned:\n/)]);
      for (const key of [
        'stack name',
        'lakeRetentionDays',
        'mongodbUri',
        'aws.accountId',
        'aws.region',
        '"retention"',
      ]) {
        expect(run.errors[0]).toContain(key);
      }
    },
    PROGRAM_TIMEOUT_MS,
  );
});
