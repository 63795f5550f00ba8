import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KEEP_ALIVE_TIMEOUT_MS, readConfig } from '../../gateway/config.ts';
import { planPlacement } from '../../infra/placement.ts';
import { GATEWAY_PROCESS, LOAD_BALANCER_IDLE_SECONDS, RUNNER_PROCESS } from '../../infra/processes.ts';
import { readRunnerConfig } from '../../models/runner/config.ts';
import { parseRepository } from '../../models/runner/repository.ts';
import { STACK_NAMES, settingsOf, stackOf } from '../support/stack-files.ts';

const SECRETS = new Set(['mongodbUri', 'adminApiKey']);
const SETTINGS = settingsOf(stackOf('both-production'));
const STACK = 'both-production';

const settingsWith = (changes: Readonly<Record<string, unknown>>) => ({
  ...SETTINGS,
  ...Object.fromEntries(
    Object.entries(changes).map(([key, value]) => [
      key,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  ),
});

function issuesOf(stackName: string, settings: Readonly<Record<string, string>>, secrets = SECRETS) {
  const planned = planPlacement(stackName, settings, secrets);
  return planned.ok ? [] : planned.issues;
}

function planOf(stackName: string, settings: Readonly<Record<string, string>> = SETTINGS) {
  const planned = planPlacement(stackName, settings, SECRETS);
  return planned.ok ? planned.placement : expect.fail(planned.issues.join('\n'));
}

const keysOf = (issues: readonly string[]) => issues.map((issue) => issue.split(':')[0]);

describe('the placement of a stack', () => {
  it.each(STACK_NAMES)('plans the example stack %s, for the clouds that its name says', (name) => {
    const { aws, gcp, tags } = planOf(name, settingsOf(stackOf(name)));
    expect(aws !== null).toBe(!name.startsWith('gcp'));
    expect(gcp !== null).toBe(!name.startsWith('aws'));
    expect(tags['environment']).toBe(name.split('-')[1]);
  });

  it('gives both clouds the same, each in its own region and words', () => {
    const { aws, gcp } = planOf(STACK);
    const { buckets, gateway, runner, region, cloud, weight, ...rest } = aws ?? expect.fail('no AWS');
    expect(gcp).toMatchObject({
      base: rest.base,
      gatewayHost: 'gateway.acme.example',
      runnerHost: 'runner.gateway.acme.example',
      modules: rest.modules,
      buckets: { models: buckets.models, lake: buckets.lake, repositoryIndex: buckets.repositoryIndex },
      gateway: { image: gateway.image, vcpus: 2, memoryMib: 4_096, minInstances: 2, maxInstances: 20 },
      runner: { image: runner.image, port: 8081 },
    });
    expect([cloud, region, weight]).toEqual(['aws', 'eu-west-1', 100]);
    expect([gcp?.cloud, gcp?.region, gcp?.weight]).toEqual(['gcp', 'europe-west1', 0]);
    expect(gateway.environment).toEqual({
      ...gcp?.gateway.environment,
      LAKE_URI: 's3://acme-both-production-lake',
      DRAIN_MS: undefined,
      TRUSTED_PROXIES: '1',
    });
  });

  it('gives environments that the processes take as they are', () => {
    for (const name of STACK_NAMES) {
      const { aws, gcp } = planOf(name, settingsOf(stackOf(name)));
      for (const plan of [aws, gcp].filter((cloud) => cloud !== null)) {
        expect(readConfig(plan.gateway.environment)).toMatchObject({
          ok: true,
          config: {
            host: '0.0.0.0',
            drainMs: plan.gateway.drainMs,
            lakeUri: plan.gateway.environment['LAKE_URI'],
          },
        });
        expect(readRunnerConfig(plan.runner.environment)).toMatchObject({
          config: { CALLERS_CHECKED_BY: 'ingress', DRAIN_MS: plan.runner.drainMs },
        });
      }
    }
  });

  it('takes ports, paths and times from the processes themselves', () => {
    const { aws } = planOf(STACK);
    expect(aws?.gateway).toMatchObject(GATEWAY_PROCESS);
    expect(aws?.runner).toMatchObject(RUNNER_PROCESS);
    expect(LOAD_BALANCER_IDLE_SECONDS * 1_000).toBeLessThan(KEEP_ALIVE_TIMEOUT_MS);
  });

  it('ends within the ten seconds that Cloud Run gives', () => {
    expect(planOf(STACK).gcp?.gateway.drainMs).toBeLessThan(10_000);
    expect(planOf(STACK).gcp?.runner.drainMs).toBeLessThan(10_000);
  });

  it('tells the runners of each cloud which models to serve, in words that they read', () => {
    const models = JSON.parse(SETTINGS['models'] ?? '');
    const { aws, gcp } = planOf(
      STACK,
      settingsWith({ models: [models[0], { ...models[1], clouds: ['gcp'] }] }),
    );
    const served = (index: string | undefined) =>
      parseRepository(index ?? '').map(({ model, version }) => `${model}/${version}`);
    expect(served(aws?.buckets.repositoryIndex)).toEqual(['movie-ranker/v1']);
    expect(served(gcp?.buckets.repositoryIndex)).toEqual(['movie-ranker/v1', 'movie-ranker/v2']);
  });

  it('takes an account id that Pulumi has stored as a number', () => {
    const aws = { ...JSON.parse(SETTINGS['aws'] ?? ''), accountId: 111122223333 };
    expect(planOf(STACK, settingsWith({ aws })).aws?.accountId).toBe('111122223333');
  });

  it('names every issue at once, by key', () => {
    const issues = issuesOf('Prod_1', {
      ...SETTINGS,
      name: 'Acme',
      environment: 'test',
      domain: 'not a host',
      lakeRetentionDays: 'forever',
      lakeRetention: '400',
      monthlyBudgetUsd: '0',
      alertEmail: 'nobody',
      gateway: '{"size":"huge","minInstances":5,"maxInstances":2,"image":"latest"}',
      modules: '["nonsense"]',
      mongodbUri: 'mysql://host',
      aws: '{"accountId":"12","region":"europe","profile":"me"}',
      gcp: 'europe-west1',
    });
    expect(keysOf(issues).sort()).toEqual([
      'alertEmail',
      'aws',
      'aws.accountId',
      'aws.hostedZoneId',
      'aws.region',
      'configuration',
      'domain',
      'environment',
      'gateway.image',
      'gateway.size',
      'gcp',
      'lakeRetentionDays',
      'modules.0',
      'mongodbUri',
      'monthlyBudgetUsd',
      'name',
      'stack name',
    ]);
  });

  it('says of an empty configuration everything that it lacks', () => {
    expect(keysOf(issuesOf('dev', {}))).toEqual([
      'name',
      'environment',
      'domain',
      'lakeRetentionDays',
      'alertEmail',
      'monthlyBudgetUsd',
      'gateway',
      'runner',
      'mongodbUri',
      'adminApiKey',
      'configuration',
    ]);
  });

  it('refuses a secret that was not encrypted', () => {
    expect(issuesOf(STACK, SETTINGS, new Set(['adminApiKey']))).toEqual([
      'mongodbUri: must be encrypted: set it with "pulumi config set --secret mongodbUri"',
    ]);
  });

  it.each([
    { what: 'no zone for the domain', change: { aws: undefined }, issue: 'gcp.dnsZone' },
    { what: 'two zones', change: { gcp: { dnsZone: 'acme' } }, issue: 'gcp.dnsZone' },
    { what: 'no cloud with a weight', change: { aws: { weight: 0 } }, issue: 'gcp.weight' },
    {
      what: 'fewer instances at most than at least',
      change: { gateway: { maxInstances: 1 } },
      issue: 'gateway.maxInstances',
    },
    { what: 'one zone', change: { aws: { zones: ['a'] } }, issue: 'aws.zones' },
  ])('refuses settings that do not go together: $what', ({ change, issue }) => {
    const settings: Record<string, string> = { ...SETTINGS };
    for (const [key, value] of Object.entries(change)) {
      if (value === undefined) delete settings[key];
      else settings[key] = JSON.stringify({ ...JSON.parse(settings[key] ?? '{}'), ...value });
    }
    expect(keysOf(issuesOf(STACK, settings))).toEqual([issue]);
  });

  it('refuses a model that is there twice, lies in a cloud left out, or makes too long a name', () => {
    const [model] = JSON.parse(SETTINGS['models'] ?? '');
    const { gcp: _, ...awsOnly } = SETTINGS;
    const models = [model, { ...model, clouds: ['gcp'] }, { ...model, model: 'm'.repeat(60) }];
    expect(keysOf(issuesOf('prod', { ...awsOnly, models: JSON.stringify(models) }))).toEqual([
      'models.1',
      'models.1.clouds',
      'models.2',
    ]);
  });

  it.each([
    'sthree-acme',
    'amzn-s3-demo-acme',
    'goog-acme',
    'my-google',
    'g00gle',
    'xn--acme',
    'acme-',
    '1acme',
    'a.b',
  ])('refuses the name %s, which a cloud would refuse in a bucket', (name) => {
    expect(keysOf(issuesOf('dev', settingsWith({ name })))).toEqual(['name']);
  });

  it('refuses a name that a service account could not carry', () => {
    expect(keysOf(issuesOf(STACK, settingsWith({ name: 'acme-corp' })))).toEqual(['name']);
  });

  it.each(['0', '-1', '30', '31.5', '3651', 'NaN', ''])('refuses to keep the lake for "%s" days', (days) => {
    expect(keysOf(issuesOf(STACK, settingsWith({ lakeRetentionDays: days })))).toEqual(['lakeRetentionDays']);
  });

  it('makes only names that every service accepts', () => {
    const part = fc.stringMatching(/^[a-z0-9-]{1,24}$/);
    fc.assert(
      fc.property(part, part, (name, stackName) => {
        const planned = planPlacement(stackName, settingsWith({ name }), SECRETS);
        fc.pre(planned.ok);
        const { buckets, gateway, base } = planned.placement.aws ?? expect.fail('AWS is in the settings');
        const { models, lake } = buckets;
        expect(models.name).not.toBe(lake.name);
        for (const bucket of [models.name, lake.name]) {
          expect(bucket).toMatch(/^[a-z][a-z0-9-]{1,61}[a-z0-9]$/);
          expect(bucket).not.toMatch(/^(xn--|sthree-|amzn-s3-demo-|goog)|google/);
        }
        // A service account's id, and a load balancer's and a target group's name.
        expect(gateway.name).toMatch(/^[a-z]([-a-z0-9]{4,28}[a-z0-9])$/);
        expect(`${base}-gateway-execution`.length).toBeLessThanOrEqual(64);
      }),
    );
  });

  it('plans or lists issues for any text, and never repeats a value', () => {
    const key = fc.constantFrom(...Object.keys(SETTINGS));
    const value = fc.oneof(fc.string(), fc.json());
    fc.assert(
      fc.property(fc.string(), fc.dictionary(key, value), (stackName, settings) => {
        expect(issuesOf(stackName, settings).length > 0).toBe(
          !planPlacement(stackName, settings, SECRETS).ok,
        );
      }),
    );
    expect(
      issuesOf('s3cret', { name: 'S3cret', aws: '"s3cret"', gcp: 's3cret', mongodbUri: 's3cret' }).join(),
    ).not.toMatch(/s3cret/i);
  });
});
