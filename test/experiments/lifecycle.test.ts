import { describe, expect, it } from 'vitest';
import { EXPERIMENT_STATES } from '../../experiments/experiment.ts';
import { deletable, editIssues, LIFECYCLE_ACTIONS, transition } from '../../experiments/lifecycle.ts';
import { experimentWith, variantsOf } from '../support/experiments.ts';

describe('transition', () => {
  it('allows draft → in review → running ⇄ paused → stopped → archived and nothing else', () => {
    const table = EXPERIMENT_STATES.map((state) => [
      state,
      ...LIFECYCLE_ACTIONS.map((action) => {
        const result = transition(state, action);
        return result.ok ? result.state : null;
      }),
    ]);
    expect(table).toEqual([
      // state, submit, withdraw, start, pause, resume, stop, archive
      ['draft', 'in-review', null, 'running', null, null, null, null],
      ['in-review', null, 'draft', 'running', null, null, null, null],
      ['running', null, null, null, 'paused', null, 'stopped', null],
      ['paused', null, null, null, null, 'running', 'stopped', null],
      ['stopped', null, null, null, null, null, null, 'archived'],
      ['archived', null, null, null, null, null, null, null],
    ]);
  });

  it('says which state refused which action and what is allowed', () => {
    expect(transition('paused', 'start')).toEqual({
      ok: false,
      issue: {
        path: '',
        code: 'invalid-transition',
        message: 'cannot start an experiment that is paused: allowed is resume or stop',
      },
    });
    expect(transition('archived', 'resume')).toMatchObject({
      issue: { message: expect.stringContaining('create a new experiment') },
    });
  });
});

describe('editIssues', () => {
  const before = experimentWith({ name: 'Ranker' });
  const after = experimentWith({
    key: 'ranker-v3',
    name: 'Better ranker',
    hypothesis: 'More good films',
    endpoint: 'search',
    unit: 'session',
    audience: { country: 'DE' },
    layer: { key: 'homepage', from: 0, to: 5_000 },
    salt: 'pepper',
    allocation: 2_000,
    variants: variantsOf([4_000, 6_000]),
    metrics: { primary: 'top-rating', secondary: [], guardrails: [] },
  });
  const frozenLive = ['/audience', '/endpoint', '/key', '/layer', '/salt', '/unit'];

  it.each([
    ['draft', ['/key']],
    ['running', frozenLive],
    ['paused', frozenLive],
    ['stopped', ['/allocation', ...frozenLive, '/metrics', '/variants'].sort()],
  ] as const)('names every field that may not change in state %s', (state, paths) => {
    const issues = editIssues(state, before, after);
    expect(issues.map(({ path }) => path).sort()).toEqual(paths);
  });

  it.each(EXPERIMENT_STATES)(
    'finds nothing to say about an edit that changes nothing in state %s',
    (state) => {
      expect(editIssues(state, before, structuredClone(before))).toEqual([]);
    },
  );

  it('notices a field that is taken away', () => {
    expect(editIssues('running', after, { ...before, key: after.key }).map(({ path }) => path)).toContain(
      '/salt',
    );
  });

  it('counts the order of variants as a change, because it moves units', () => {
    const swapped = { ...before, variants: before.variants.toReversed() };
    expect(editIssues('running', before, swapped)).toEqual([
      {
        path: '/variants',
        code: 'not-editable',
        message:
          'of variants only weights can change while the experiment is live: to drop one give it weight 0; to add one, or to change what it serves, stop it and start a new one',
      },
    ]);
  });
});

describe('weights of a live experiment', () => {
  it('may change, but not where one draw decides allocation too', () => {
    const half = experimentWith({ hash: 'growthbook-v2', allocation: 5_000 });
    const after = { ...half, variants: variantsOf([4_000, 6_000]) };
    expect(editIssues('running', half, after)).toMatchObject([{ path: '/variants', code: 'not-editable' }]);
    expect(editIssues('running', { ...half, allocation: 10_000 }, { ...after, allocation: 10_000 })).toEqual(
      [],
    );
    expect(editIssues('running', half, { ...after, bucketVersion: 2 })).toEqual([]);
  });

  it('never go back to an earlier bucket version', () => {
    const second = experimentWith({ bucketVersion: 2 });
    expect(editIssues('running', second, experimentWith())).toMatchObject([
      { path: '/bucketVersion', value: 1 },
    ]);
  });
});

describe('deletable', () => {
  it('lets go of experiments that no unit can come back to', () => {
    expect(EXPERIMENT_STATES.filter(deletable)).toEqual(['draft', 'in-review', 'stopped', 'archived']);
  });
});
