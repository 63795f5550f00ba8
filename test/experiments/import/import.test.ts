import { GrowthBookClient } from '@growthbook/growthbook';
import fc from 'fast-check';
import { initialize } from 'unleash-client';
import { describe, expect, it } from 'vitest';
import { assign } from '../../../experiments/assignment.ts';
import { compileExperiment } from '../../../experiments/compile-experiment.ts';
import type { Experiment } from '../../../experiments/experiment.ts';
import { growthBookPayloadSchema, importGrowthBook } from '../../../experiments/import/import-growthbook.ts';
import { importUnleash, unleashExportSchema } from '../../../experiments/import/import-unleash.ts';

const USERS = Array.from({ length: 3_000 }, (_, index) => `user-${index}`);

/** What a unit gets of an imported experiment: the parameter `value`, or nothing. */
function givenBy(experiment: Experiment | undefined): (context: Record<string, unknown>) => unknown {
  if (experiment === undefined) throw new Error('nothing was imported');
  const result = compileExperiment({ experiment, state: 'running', revision: 1, segments: new Map() });
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return (context) => {
    const assignment = assign([result.compiled], context);
    return assignment.kind === 'enrolled' ? assignment.variant.parameters?.['value'] : undefined;
  };
}

const growthBook = (features: Record<string, unknown>) =>
  importGrowthBook(growthBookPayloadSchema.parse({ features }), 'ranking');

describe('importing from GrowthBook', () => {
  const rule = { key: 'exp', hashAttribute: 'user', hashVersion: 2, variations: ['a', 'b', 'c'] };

  it('keeps every unit where the published SDK has it, whatever weights and coverage', () => {
    const weights = fc
      .tuple(fc.integer({ min: 1, max: 98 }), fc.integer({ min: 1, max: 98 }))
      .map(([one, other]) => [Math.min(one, other), Math.abs(one - other), 100 - Math.max(one, other)])
      .map((parts) => parts.map((part) => part / 100));
    const odd = fc.constantFrom<number[]>([0.333, 0.333, 0.334], [1 / 3, 1 / 3, 1 / 3], [0.1, 0.2, 0.7]);
    fc.assert(
      fc.property(
        fc.oneof(weights, odd),
        fc.integer({ min: 0, max: 100 }),
        fc.string({ maxLength: 8 }),
        (shares, percent, seed) => {
          const rules = [
            { ...rule, weights: shares, coverage: percent / 100, ...(seed === '' ? {} : { seed }) },
          ];
          const features = { feature: { defaultValue: 'none', rules } };
          const client = new GrowthBookClient().initSync({ payload: { features } });
          const ours = givenBy(growthBook(features).experiments[0]);
          for (const user of USERS.slice(0, 300)) {
            const theirs = client.evalFeature('feature', { attributes: { user } });
            expect(ours({ user })).toBe(theirs.source === 'experiment' ? theirs.value : undefined);
          }
        },
      ),
      { numRuns: 40, seed: 7 },
    );
  });

  it('keeps thousands of units where they are, behind a rule that forces some of them', () => {
    const rules = [
      { condition: { plan: 'free' }, force: 'forced' },
      { ...rule, condition: { country: { $in: ['DE', 'FR'] } }, weights: [0.2, 0.3, 0.5], coverage: 0.4 },
    ];
    const features = { feature: { defaultValue: 'none', rules } };
    const client = new GrowthBookClient().initSync({ payload: { features } });
    const ours = givenBy(growthBook(features).experiments[0]);
    for (const [index, user] of USERS.entries()) {
      const context = {
        user,
        plan: index % 3 === 0 ? 'free' : 'pro',
        country: index % 2 === 0 ? 'DE' : 'US',
      };
      const theirs = client.evalFeature('feature', { attributes: context });
      expect(ours(context)).toBe(theirs.source === 'experiment' ? theirs.value : undefined);
    }
  });

  it.each([
    ['the first version of the hash', { ...rule, hashVersion: 1 }, 'growthbook-v1'],
    ['no version, which means the first', { ...rule, hashVersion: undefined }, 'growthbook-v1'],
    ['a namespace', { ...rule, namespace: ['ns', 0, 0.5] }, 'namespace'],
  ])('leaves out a rule with %s, and says why', (_, refused, code) => {
    const result = growthBook({ feature: { rules: [refused] } });
    expect(result).toMatchObject({ experiments: [], skipped: [{ path: '/features/feature/rules/0', code }] });
  });
});

describe('importing from Unleash', () => {
  const variant = (name: string, weight: number) => ({ name, weight, stickiness: 'userId' });
  const feature = (rollout: string, constraints: unknown[] = []) => ({
    name: 'Checkout Flow',
    type: 'experiment',
    enabled: true,
    project: 'default',
    stale: false,
    impressionData: false,
    variants: [],
    strategies: [
      {
        name: 'flexibleRollout',
        parameters: { rollout, stickiness: 'userId', groupId: 'checkout' },
        constraints,
        variants: [variant('a', 200), variant('b', 300), variant('c', 500)],
      },
    ],
  });
  const unleash = (features: unknown[]) => importUnleash(unleashExportSchema.parse({ features }), 'ranking');

  it.each(['100', '50', '7'])(
    'keeps every unit where the published SDK has it, at a rollout of %s percent',
    async (rollout) => {
      const constraints = [
        { contextName: 'country', operator: 'IN', values: ['DE'], inverted: false, caseInsensitive: false },
      ];
      const features = [feature(rollout, constraints)];
      const client = initialize({
        appName: 'test',
        // Never called: the features come from the bootstrap, and polling and metrics are off.
        url: 'http://127.0.0.1:9/api/',
        refreshInterval: 0,
        disableMetrics: true,
        skipInstanceCountWarning: true,
        bootstrap: { data: features as never },
      });
      client.on('error', () => undefined);
      try {
        await new Promise((resolve) => client.once('ready', resolve));
        const ours = givenBy(unleash(features).experiments[0]);
        for (const [index, userId] of USERS.entries()) {
          const country = index % 4 === 0 ? 'FR' : 'DE';
          const theirs = client.getVariant('Checkout Flow', { userId, properties: { country } });
          expect(ours({ userId, country })).toBe(theirs.enabled ? theirs.name : undefined);
        }
      } finally {
        client.destroy();
      }
    },
  );

  it('leaves out what no draft can keep, and says why', () => {
    const odd = feature('50', [{ contextName: 'day', operator: 'DATE_AFTER', value: '2026-01-01' }]);
    const two = { ...feature('50'), strategies: [...feature('50').strategies, ...feature('50').strategies] };
    expect(unleash([odd, two]).skipped.map(({ code }) => code)).toEqual(['constraint', 'strategies']);
  });
});
