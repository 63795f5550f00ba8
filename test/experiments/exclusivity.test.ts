import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assign, type EvaluationContext } from '../../experiments/assignment.ts';
import { exclusivityIssues } from '../../experiments/exclusivity.ts';
import type { Experiment, ExperimentState } from '../../experiments/experiment.ts';
import { compiledWith, experimentWith } from '../support/experiments.ts';

function entry(
  key: string,
  slots?: readonly [from: number, to: number],
  { state = 'running', ...overrides }: Partial<Experiment> & { state?: ExperimentState } = {},
) {
  const layer = slots && { key: 'homepage', from: slots[0], to: slots[1] };
  return { state, experiment: experimentWith({ key, ...(layer && { layer }), ...overrides }) };
}

describe('exclusivityIssues', () => {
  it('accepts an experiment that is alone on its endpoint without a layer', () => {
    expect(exclusivityIssues([entry('a'), entry('b', undefined, { endpoint: 'search' })])).toEqual([]);
  });

  it('accepts neighbours that touch but do not overlap', () => {
    expect(exclusivityIssues([entry('a', [0, 5_000]), entry('b', [5_000, 10_000])])).toEqual([]);
  });

  it.each(['draft', 'stopped'] as const)('does not count an experiment that is %s', (state) => {
    expect(exclusivityIssues([entry('a'), entry('b', undefined, { state })])).toEqual([]);
  });

  it('counts a paused experiment, whose units come back when it resumes', () => {
    expect(exclusivityIssues([entry('a', [0, 10], { state: 'paused' }), entry('b', [9, 20])])).toHaveLength(
      1,
    );
  });

  it('names both experiments, the overlap and the free slots', () => {
    const issues = exclusivityIssues([
      entry('a', [1_000, 4_000]),
      entry('b', [6_000, 7_000]),
      entry('c', [3_000, 5_000]),
    ]);
    expect(issues).toEqual([
      {
        path: '/2/layer',
        code: 'layer-overlap',
        message:
          '"a" and "c" both own slots [3000, 4000) of layer "homepage": free are [0, 1000), [4000, 6000), [7000, 10000)',
      },
    ]);
  });

  it('says so when a layer is full', () => {
    const [issue] = exclusivityIssues([entry('a', [0, 10_000]), entry('b', [0, 10_000])]);
    expect(issue?.message).toContain('no slots are free');
  });

  it('wants a layer in common of experiments on one endpoint', () => {
    const other = entry('c', undefined, { layer: { key: 'other', from: 5_000, to: 6_000 } });
    const issues = exclusivityIssues([entry('a', [0, 1_000]), entry('b'), other]);
    expect(issues.map(({ path, code }) => [path, code])).toEqual([
      ['/1/layer', 'no-shared-layer'],
      ['/2/layer', 'no-shared-layer'],
      ['/2/layer', 'no-shared-layer'],
    ]);
    expect(issues[0]?.message).toContain('("a": layer "homepage"; "b": no layer)');
  });

  it('keeps the slots of a layer apart across endpoints too', () => {
    const elsewhere = entry('b', [500, 600], { endpoint: 'search' });
    expect(exclusivityIssues([entry('a', [0, 1_000]), elsewhere])).toMatchObject([{ code: 'layer-overlap' }]);
  });

  it('refuses two units in one layer, which do let a request fall into both', () => {
    const users = entry('a', [0, 5_000]);
    const sessions = entry('b', [5_000, 10_000], { unit: 'session' });
    expect(exclusivityIssues([users, sessions])).toMatchObject([{ path: '/1/unit', code: 'layer-unit' }]);

    const enrolls = ({ experiment }: typeof users, context: EvaluationContext) =>
      assign([compiledWith(experiment)], context).kind === 'enrolled';
    const contexts = Array.from({ length: 50 }, (_, index) => ({ user: `u${index}`, session: `s${index}` }));
    expect(contexts.some((context) => enrolls(users, context) && enrolls(sessions, context))).toBe(true);
  });

  it('finds a conflict exactly where two experiments have one, whatever else there is', () => {
    const slot = fc.integer({ min: 0, max: 9 });
    const one = fc.record({
      slots: fc.option(fc.tuple(slot, slot), { nil: undefined }),
      endpoint: fc.constantFrom('movie-ranking', 'search'),
      unit: fc.constantFrom('user', 'session'),
      state: fc.constantFrom('running' as const, 'paused' as const, 'draft' as const),
    });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 5 }), (drawn) => {
        const entries = drawn.map(({ slots, ...fields }, index) => {
          const [low, high] = [Math.min(...(slots ?? [])), Math.max(...(slots ?? []))];
          return entry(`e${index}`, slots && [low * 1_000, (high + 1) * 1_000], fields);
        });
        const alone = entries.flatMap((later, index) =>
          entries
            .slice(0, index)
            .flatMap((earlier) =>
              exclusivityIssues([earlier, later]).map(
                ({ code }) => `${earlier.experiment.key} ${later.experiment.key} ${code}`,
              ),
            ),
        );
        const together = exclusivityIssues(entries).map(({ code, message }) => {
          const [earlier, later] = [...message.matchAll(/"(e\d)"/g)].map(([, key]) => key);
          return `${earlier} ${later} ${code}`;
        });
        expect(together.sort()).toEqual(alone.sort());
      }),
      { numRuns: 300 },
    );
  });

  it('names at most a hundred conflicts of one endpoint, and none of two thousand that share a layer', () => {
    const many = (count: number, slots: boolean) =>
      Array.from({ length: count }, (_, index) => entry(`e${index}`, slots ? [index, index + 1] : undefined));
    expect(exclusivityIssues(many(200, false))).toHaveLength(100);
    expect(exclusivityIssues(many(2_000, true))).toEqual([]);
  });
});
