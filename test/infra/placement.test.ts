import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planPlacement } from '../../infra/placement.ts';

const SETTINGS = {
  name: 'acme',
  lakeRetentionDays: '400',
  aws: '{"accountId":"111122223333","region":"eu-west-1"}',
  gcp: '{"project":"acme-prod","region":"europe-west1"}',
};

const settingsWith = (changes: Readonly<Record<string, string>>) => ({ ...SETTINGS, ...changes });

function issuesOf(stackName: string, settings: Readonly<Record<string, string>>): readonly string[] {
  const planned = planPlacement(stackName, settings);
  return planned.ok ? [] : planned.issues;
}

describe('the placement of a stack', () => {
  it('gives both clouds the same buckets, each in its own region', () => {
    const models = { name: 'acme-prod-models', expireAfterDays: null, recoverableDays: 90 };
    const lake = { name: 'acme-prod-lake', expireAfterDays: 400, recoverableDays: 7 };
    expect(planPlacement('prod', SETTINGS)).toEqual({
      ok: true,
      placement: {
        tags: { product: 'switchyard', name: 'acme', environment: 'prod' },
        aws: { accountId: '111122223333', buckets: { region: 'eu-west-1', models, lake } },
        gcp: { project: 'acme-prod', buckets: { region: 'europe-west1', models, lake } },
      },
    });
  });

  it('leaves out the cloud that the stack leaves out', () => {
    const { aws, gcp, ...rest } = SETTINGS;
    expect(planPlacement('dev', { ...rest, aws })).toMatchObject({ placement: { gcp: null } });
    expect(planPlacement('dev', { ...rest, gcp })).toMatchObject({ placement: { aws: null } });
  });

  it('takes an account id that Pulumi has stored as a number', () => {
    const settings = settingsWith({ aws: '{"accountId":111122223333,"region":"eu-west-1"}' });
    expect(planPlacement('dev', settings)).toMatchObject({
      placement: { aws: { accountId: '111122223333' } },
    });
  });

  it('names every issue at once, by key', () => {
    const issues = issuesOf('Prod_1', {
      name: 'Acme',
      lakeRetentionDays: 'forever',
      lakeRetention: '400',
      aws: '{"accountId":"12","region":"europe","profile":"me"}',
      gcp: 'europe-west1',
    });
    expect(issues.map((issue) => issue.split(':')[0]).sort()).toEqual([
      'aws',
      'aws.accountId',
      'aws.region',
      'configuration',
      'gcp',
      'lakeRetentionDays',
      'name',
      'stack name',
    ]);
  });

  it('says that an empty configuration lacks a name, a retention and a cloud', () => {
    expect(issuesOf('dev', {}).map((issue) => issue.split(':')[0])).toEqual([
      'name',
      'lakeRetentionDays',
      'configuration',
    ]);
  });

  it('does not say of a cloud with an issue that it is missing', () => {
    const { aws: _, ...withoutAws } = settingsWith({ gcp: '{}' });
    expect(issuesOf('dev', withoutAws)).toEqual(['gcp.project: is missing', 'gcp.region: is missing']);
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
    'a'.repeat(31),
  ])('refuses the name %s, which a cloud would refuse in a bucket', (name) => {
    expect(issuesOf('dev', settingsWith({ name }))).toEqual([expect.stringMatching(/^name: /)]);
  });

  it.each(['0', '-1', '1.5', '3651', 'NaN', ''])('refuses to keep the lake for "%s" days', (days) => {
    expect(issuesOf('dev', settingsWith({ lakeRetentionDays: days }))).toEqual([
      expect.stringMatching(/^lakeRetentionDays: /),
    ]);
  });

  it('makes only bucket names that S3 and GCS accept, and two different ones', () => {
    const part = fc.stringMatching(/^[a-z0-9-]{1,32}$/);
    fc.assert(
      fc.property(part, part, (name, stackName) => {
        const planned = planPlacement(stackName, settingsWith({ name }));
        fc.pre(planned.ok);
        const { models, lake } = planned.placement.aws?.buckets ?? expect.fail('AWS is in the settings');
        expect(models.name).not.toBe(lake.name);
        for (const bucket of [models.name, lake.name]) {
          expect(bucket).toMatch(/^[a-z][a-z0-9-]{1,61}[a-z0-9]$/);
          expect(bucket).not.toMatch(/^(xn--|sthree-|amzn-s3-demo-|goog)|google/);
        }
      }),
    );
  });

  it('plans or lists issues for any text, and never repeats a value', () => {
    const key = fc.constantFrom('name', 'lakeRetentionDays', 'aws', 'gcp');
    const value = fc.oneof(fc.string(), fc.json());
    fc.assert(
      fc.property(fc.string(), fc.dictionary(key, value), (stackName, settings) => {
        expect(issuesOf(stackName, settings).length > 0).toBe(!planPlacement(stackName, settings).ok);
      }),
    );
    expect(issuesOf('s3cret', { name: 'S3cret', aws: '"s3cret"', gcp: 's3cret' }).join()).not.toMatch(
      /s3cret/i,
    );
  });
});
