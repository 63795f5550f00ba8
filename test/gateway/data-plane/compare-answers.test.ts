import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareAnswers } from '../../../gateway/data-plane/shadow/compare-answers.ts';

const body = (text: string) => ({ bytes: Buffer.from(text), jsonBytes: null });
const answer = (...outputs: object[]) => body(JSON.stringify({ model_name: 'm', outputs }));
const scores = (...data: unknown[]) => ({ name: 'score', datatype: 'FP32', shape: [data.length], data });

describe('two answers', () => {
  it.each([
    ['none', scores(1, 2), scores(1, 2), 0, 1],
    ['within-tolerance', scores(1, 2), scores(1, 2.0001), 0.00005, 1],
    ['values', scores(1, 2), scores(2, 1), 0.5, 1],
    ['values', scores('a'), scores('b'), 1, null],
    ['values', scores(0, 1), scores(1, 1), 1, 1],
  ])('compare as %s', (difference, mine, theirs, distance, overlap) => {
    const found = compareAnswers(answer(mine), answer(theirs), 0.001);
    expect(found).toMatchObject({ difference, overlap });
    expect(found.distance).toBeCloseTo(distance, 6);
  });

  it('share as much of a ranking as their first ten places have in common', () => {
    const descending = Array.from({ length: 20 }, (_, place) => 20 - place);
    const swapped = [...descending.slice(5), ...descending.slice(0, 5)];
    expect(compareAnswers(answer(scores(...descending)), answer(scores(...swapped)), 0).overlap).toBe(0.5);
  });

  it.each([
    ['shape', answer(scores(1)), answer(scores(1, 2))],
    ['shape', answer(scores(1)), answer({ ...scores(1), name: 'other' })],
    ['shape', answer(scores(1)), answer(scores(1), { ...scores(1), name: 'second' })],
    ['not-comparable', answer(scores(1)), body('<html>')],
    ['not-comparable', body('{}'), answer(scores(1))],
    ['not-comparable', answer({ name: 'x' }), answer(scores(1))],
  ])('of another make are told apart: %s', (difference, mine, theirs) => {
    expect(compareAnswers(mine, theirs, 0)).toEqual({ difference, distance: null, overlap: null });
  });

  it('are as far from each other as the other way round, and never from themselves', () => {
    const data = fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(data, data, (a, b) => {
        const [one, other] = [answer(scores(...a)), answer(scores(...b))];
        expect(compareAnswers(one, other, 0).distance).toBe(compareAnswers(other, one, 0).distance);
        expect(compareAnswers(one, one, 0)).toEqual({ difference: 'none', distance: 0, overlap: 1 });
      }),
    );
  });
});
