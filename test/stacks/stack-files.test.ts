import { runtime } from '@pulumi/pulumi';
import { beforeAll, describe, expect, it } from 'vitest';
import { LAKE_COLUMNS } from '../../gateway/pipeline/lake-schema.ts';
import { RULES } from '../../infra/policy/rules.ts';
import {
  PROGRAM_TIMEOUT_MS,
  type ProgramRun,
  type Registered,
  runProgram,
} from '../support/pulumi-engine.ts';
import { STACK_NAMES, stackOf } from '../support/stack-files.ts';
import { decidedByCloud } from '../support/stand-in-clouds.ts';

/** One for each kind of record in the lake. */
const TABLES = Object.keys(LAKE_COLUMNS).length;

/** Types of which a stack of one cloud has exactly so many, in dev and in production. */
const COUNTS = {
  aws: {
    'aws:s3/bucket:Bucket': [2, 2],
    'aws:ecs/service:Service': [2, 2],
    'aws:iam/role:Role': [4, 5],
    'aws:ec2/natGateway:NatGateway': [1, 2],
    'aws:ec2/vpcEndpoint:VpcEndpoint': [1, 7],
    'aws:wafv2/webAcl:WebAcl': [0, 1],
    'aws:glue/catalogTable:CatalogTable': [0, TABLES],
    // One more for the second target group of blue/green.
    'aws:cloudwatch/metricAlarm:MetricAlarm': [12, 13],
  },
  gcp: {
    'gcp:storage/bucket:Bucket': [2, 2],
    'gcp:cloudrunv2/service:Service': [2, 2],
    'gcp:serviceaccount/account:Account': [2, 2],
    'gcp:compute/address:Address': [1, 2],
    'gcp:compute/securityPolicy:SecurityPolicy': [0, 1],
    'gcp:bigquery/table:Table': [0, TABLES],
    'gcp:monitoring/alertPolicy:AlertPolicy': [11, 11],
  },
} as const;

describe.each(STACK_NAMES)('the stack %s', (name) => {
  const isProduction = name.endsWith('production');
  let preview: ProgramRun;
  let update: ProgramRun;
  let again: ProgramRun;

  beforeAll(async () => {
    preview = await runProgram(stackOf(name), { dryRun: true });
    update = await runProgram(stackOf(name), { dryRun: false, computed: decidedByCloud });
    again = await runProgram(stackOf(name), { dryRun: false, computed: decidedByCloud });
  }, 3 * PROGRAM_TIMEOUT_MS);

  const urns = (run: ProgramRun) => run.resources.map(({ urn }) => urn).sort();

  it('ends well in preview and in update, with the same resources', () => {
    for (const run of [preview, update]) expect(run).toMatchObject({ exitCode: 0, errors: [], stderr: '' });
    expect(urns(preview)).toEqual(urns(update));
  });

  it('changes nothing when it is run again', () => {
    const byUrn = ({ resources }: ProgramRun) =>
      Object.fromEntries(resources.map((resource) => [resource.urn, sorted(resource)]));
    expect(byUrn(again)).toEqual(byUrn(update));
    expect(again.outputs).toEqual(update.outputs);
  });

  it('makes what its clouds and its environment take, and nothing in a cloud that it leaves out', () => {
    for (const cloud of ['aws', 'gcp'] as const) {
      const isThere = name.startsWith(cloud) || name.startsWith('both');
      const own = update.resources.filter(({ type }) => type.startsWith(`${cloud}:`));
      expect(own.length > 0).toBe(isThere);
      for (const [type, [dev, production]] of Object.entries(COUNTS[cloud])) {
        const federation = name.startsWith('both') && /role:Role|account:Account/.test(type) ? 1 : 0;
        const expected = isThere ? (isProduction ? production : dev) + federation : 0;
        expect([type, own.filter((resource) => resource.type === type).length]).toEqual([type, expected]);
      }
    }
  });

  it('gives no two things of a kind the same name, and leaves none to chance', () => {
    const named = update.resources.filter(({ type }) => NAMED.test(type));
    expect(named.length).toBeGreaterThan(5);
    const names = named.map(
      ({ type, inputs }) => `${type} ${NAME_KEYS.flatMap((key) => inputs[key] ?? [])[0]}`,
    );
    expect(names.filter((entry, index) => names.indexOf(entry) !== index)).toEqual([]);
    expect(names.filter((entry) => entry.endsWith(' undefined'))).toEqual([]);
  });

  it('breaks no rule of the policy pack', () => {
    for (const { resources } of [preview, update]) {
      const checked = resources.map(({ type, name: resource, inputs, protect }) => ({
        type,
        name: resource,
        props: inputs,
        protect,
      }));
      const broken = RULES.flatMap(({ name: rule, check, checkStack }) => [
        ...checked.flatMap((one) =>
          (check?.(one) ?? []).map((message) => `${rule}: ${one.name}: ${message}`),
        ),
        ...(checkStack?.(checked) ?? []).map((message) => `${rule}: ${message}`),
      ]);
      expect(broken).toEqual([]);
    }
  });

  it('knows in preview every name, and not what the clouds decide', () => {
    const text = JSON.stringify(preview.resources);
    expect(text).toContain(runtime.unknownValue);
    const unknownNames = preview.resources.filter(({ inputs }) => inputs['name'] === runtime.unknownValue);
    // The names of proofs are chosen by who asks for them.
    expect(unknownNames.filter(({ name: resource }) => !/proof/.test(resource))).toEqual([]);
  });
});

/** Types whose names Pulumi or the cloud would make up, and the keys under which they have one. */
const NAMED =
  /:(LoadBalancer|TargetGroup|Role|Cluster|LogGroup|Secret|Topic|Service|WebAcl|Api|VpcLink|Account|Bucket|Repository)$/;
const NAME_KEYS = ['name', 'bucket', 'secretId', 'service', 'accountId', 'repositoryId'];

/** Dependencies come in the order in which the program's promises settled. */
const sorted = (resource: Registered) => ({ ...resource, dependencies: [...resource.dependencies].sort() });
