import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { StoredDocument } from '../../../experiments/store/configuration-store.ts';
import { type ConfigurationNow, withChanges } from '../../../gateway/control-plane/change-configuration.ts';
import { exportConfiguration, planConfiguration } from '../../../gateway/control-plane/configuration-plan.ts';
import { experimentRules } from '../../../gateway/control-plane/experiment-rules.ts';
import type { Problem } from '../../../gateway/problems.ts';

const rules = { experiments: experimentRules(() => ({ approvals: 0 })) };
const EMPTY: ConfigurationNow = { revision: 0, documents: [] };

const plan = (now: ConfigurationNow, file: unknown, prune = false) =>
  planConfiguration(now, file, { prune, rules, actor: { name: 'admin', address: null } });

/** The configuration after a file is applied. */
function applied(now: ConfigurationNow, file: unknown, prune = false): ConfigurationNow {
  return {
    revision: now.revision + 1,
    documents: withChanges(now.documents, plan(now, file, prune).changes),
  };
}

const key = fc.stringMatching(/^[a-z][a-z0-9._-]{0,12}$/);
const keys = (prefix: string) =>
  fc.uniqueArray(key, { maxLength: 4 }).map((names) => names.map((name) => `${prefix}-${name}`));
const scalar = fc.oneof(fc.string({ maxLength: 8 }), fc.integer(), fc.boolean(), fc.constant(null));

/** Any configuration that holds together: everything refers to what is there. */
const file = fc
  .record({
    tenants: keys('t'),
    models: keys('m'),
    versions: keys('v'),
    layers: keys('l').map((names) => names.map((name) => `${name}.x`)),
    segments: keys('s'),
    metrics: keys('k'),
    experiments: keys('e'),
    attributes: fc.dictionary(fc.stringMatching(/^[a-j]{1,5}$/), scalar, { maxKeys: 3 }),
    values: fc.array(fc.oneof(fc.string({ maxLength: 9 }), fc.integer()), { maxLength: 4 }),
    weight: fc.integer({ min: 0, max: 10_000 }),
    state: fc.constantFrom('draft', 'stopped'),
  })
  .map((made) => {
    const models = ['ranker', ...made.models];
    const target = { kind: 'oip', cloud: 'aws', region: 'r', url: 'http://127.0.0.1:1', version: 'v1' };
    return {
      tenants: made.tenants.map((name) => ({ key: name, attributes: made.attributes })),
      models: models.map((name) => ({ key: name })),
      versions: models.flatMap((model) =>
        ['v1', ...made.versions].map((version) => ({
          model,
          version,
          sha256: 'a'.repeat(64),
          sizeBytes: 1,
          artifacts: ['s3://models/m.onnx'],
        })),
      ),
      targets: models.map((model) => ({ ...target, key: `on-${model}`, model })),
      endpoints: [{ key: 'ranking', defaultTarget: 'on-ranker' }],
      layers: made.layers.map((name) => ({ key: name })),
      segments: made.segments.map((name) => ({ key: name, values: made.values })),
      metrics: made.metrics.map((name) => ({ key: name, event: 'click', kind: 'proportion' })),
      experiments: made.experiments.map((name) => ({
        key: name,
        endpoint: 'ranking',
        unit: 'user',
        state: made.state,
        audience: { 'tenant.plan': { $in: ['pro', '~'] } },
        variants: [
          { key: 'a', weight: made.weight, target: 'on-ranker' },
          { key: 'b', weight: 10_000 - made.weight, target: 'on-ranker' },
        ],
      })),
    };
  });

describe('a configuration file', () => {
  it('comes out as it went in: applied again it changes nothing, and elsewhere it makes the same', () => {
    fc.assert(
      fc.property(file, (given) => {
        const now = applied(EMPTY, given);
        const exported = parse(stringify(exportConfiguration(now.documents)));
        expect(plan(now, exported, true)).toMatchObject({ planned: [], changes: [] });
        expect(exportConfiguration(applied(EMPTY, exported).documents)).toEqual(exported);
      }),
      { numRuns: 60 },
    );
  });

  it('leads from any configuration to any other, when it prunes', () => {
    fc.assert(
      fc.property(file, file, (from, to) => {
        const drafts = (given: typeof from) => ({
          ...given,
          experiments: given.experiments.map((experiment) => ({ ...experiment, state: 'draft' })),
        });
        const now = applied(applied(EMPTY, drafts(from)), drafts(to), true);
        const direct = applied(EMPTY, drafts(to));
        expect(exportConfiguration(now.documents)).toEqual(exportConfiguration(direct.documents));
      }),
      { numRuns: 40 },
    );
  });

  it('touches nothing that it does not name, and prunes only kinds that it has', () => {
    const now = applied(EMPTY, {
      layers: [{ key: 'a' }, { key: 'b' }],
      segments: [{ key: 's', values: [] }],
    });
    expect(plan(now, { layers: [{ key: 'c' }] }).planned).toEqual([
      { action: 'create', kind: 'layers', key: 'c', changes: [{ path: '', after: { key: 'c' } }] },
    ]);
    const pruned = plan(now, { layers: [{ key: 'a', name: 'A' }] }, true);
    expect(pruned.planned).toEqual([
      { action: 'replace', kind: 'layers', key: 'a', changes: [{ path: '/name', after: 'A' }] },
      { action: 'delete', kind: 'layers', key: 'b', changes: [{ path: '', before: { key: 'b' } }] },
    ]);
  });

  it('is refused with every issue at its place in the file', () => {
    const issues = (given: unknown, documents: readonly StoredDocument[] = []) => {
      try {
        plan({ revision: 0, documents }, given, true);
        return [];
      } catch (error) {
        return (error as Problem).issues.map(({ path, code }) => `${path} ${code}`);
      }
    };
    expect(issues([])).toEqual([' invalid-type']);
    expect(issues({ colours: [], layers: {} })).toEqual(['/colours unknown-field', '/layers invalid-type']);
    expect(
      issues({
        layers: [{ key: 'a' }, { key: 'a' }, 'x', { key: 'NO', hue: 1 }],
        versions: [{ version: 'v1' }],
      }),
    ).toEqual([
      '/versions/0/model invalid-type',
      '/layers/1 duplicate',
      '/layers/2 invalid-type',
      '/layers/3/key invalid-format',
      '/layers/3/hue unknown-field',
    ]);
    expect(issues({ endpoints: [{ key: 'e', defaultTarget: 'nothing' }] })).toEqual([
      '/endpoints/0/defaultTarget unknown-target',
    ]);
    const used = {
      model: 'm',
      version: 'v1',
      sha256: 'a'.repeat(64),
      sizeBytes: 1,
      artifacts: ['s3://b/m.onnx'],
    };
    const { documents } = applied(EMPTY, { models: [{ key: 'm' }], versions: [used] });
    expect(issues({ models: [] }, documents)).toEqual([' unknown-model']);
  });

  it('cannot do what a single request could not: change a running experiment, or a version', () => {
    const base = {
      models: [{ key: 'm' }],
      versions: [
        { model: 'm', version: 'v1', sha256: 'a'.repeat(64), sizeBytes: 1, artifacts: ['s3://b/m.onnx'] },
      ],
      targets: [{ key: 't', kind: 'onnx', model: 'm', version: 'v1', cloud: 'local', region: 'r' }],
      endpoints: [{ key: 'e', defaultTarget: 't' }],
    };
    const experiment = {
      key: 'x',
      endpoint: 'e',
      unit: 'user',
      state: 'running',
      variants: [
        { key: 'a', weight: 5_000, target: 't' },
        { key: 'b', weight: 5_000, target: 't' },
      ],
    };
    const now = applied(EMPTY, { ...base, experiments: [experiment] });
    expect(() => plan(now, { experiments: [{ ...experiment, unit: 'session' }] })).toThrow('running');
    expect(() => plan(now, { experiments: [] }, true)).toThrow('stop it before');
    expect(() => plan(now, { experiments: [{ ...experiment, state: 'draft' }] })).toThrow('no single action');
    expect(plan(now, { experiments: [{ ...experiment, state: 'stopped' }] }).planned).toMatchObject([
      { changes: expect.arrayContaining([{ path: '/state', before: 'running', after: 'stopped' }]) },
    ]);
    const version = { ...base.versions[0], sizeBytes: 2 };
    expect(() => plan(now, { versions: [version] })).toThrow('never changes');
  });
});
