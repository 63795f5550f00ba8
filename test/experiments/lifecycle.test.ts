import { describe, expect, it } from 'vitest';
import { EXPERIMENT_STATES } from '../../experiments/experiment.ts';
import { deletable, editIssues, type LifecycleAction, transition } from '../../experiments/lifecycle.ts';
import { experimentWith, variantsOf } from '../support/experiments.ts';

const ACTIONS: readonly LifecycleAction[] = ['start', 'pause', 'resume', 'stop'];

describe('transition', () => {
  it('allows draft → running ⇄ paused → stopped and nothing else', () => {
    const table = EXPERIMENT_STATES.map((state) => [
      state,
      ...ACTIONS.map((action) => {
        const result = transition(state, action);
        return result.ok ? result.state : null;
      }),
    ]);
    expect(table).toEqual([
      // state, start, pause, resume, stop
      ['draft', 'running', null, null, null],
      ['running', null, 'paused', null, 'stopped'],
      ['paused', null, null, 'running', 'stopped'],
      ['stopped', null, null, null, null],
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
    expect(transition('stopped', 'resume')).toMatchObject({
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
  const frozenLive = ['/audience', '/endpoint', '/key', '/layer', '/salt', '/unit', '/variants'];

  it.each([
    ['draft', ['/key']],
    ['running', frozenLive],
    ['paused', frozenLive],
    ['stopped', ['/allocation', ...frozenLive, '/metrics'].sort()],
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
          '"variants" cannot change while the experiment is running: it would move units or change what is measured; stop it and start a new one',
      },
    ]);
  });
});

describe('deletable', () => {
  it('lets go of experiments that no unit can come back to', () => {
    expect(EXPERIMENT_STATES.filter(deletable)).toEqual(['draft', 'stopped']);
  });
});
