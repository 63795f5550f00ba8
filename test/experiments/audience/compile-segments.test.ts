import { describe, expect, it } from 'vitest';
import { compileAudience } from '../../../experiments/audience/compile-audience.ts';
import { compileSegments } from '../../../experiments/audience/compile-segments.ts';
import { type Segment, segmentSchema } from '../../../experiments/segment.ts';

const conditionOf = (key: string, condition: Record<string, unknown>): Segment => ({ key, condition });
const naming = (id: string) => ({ $savedGroup: { id } });
const segmentsOf = (...segments: readonly Segment[]) =>
  new Map(segments.map((segment) => [segment.key, segment]));

/** `s0` names `s1`, which names `s2`, …; the last one asks for a country. */
const chainOf = (length: number) =>
  Array.from({ length }, (_, index) =>
    conditionOf(`s${index}`, index === length - 1 ? { country: 'DE' } : naming(`s${index + 1}`)),
  );

describe('segments', () => {
  it('may name each other, whatever their order', () => {
    for (const segments of [chainOf(10), chainOf(10).reverse()]) {
      const { compiled, issues } = compileSegments(segmentsOf(...segments));
      expect(issues).toEqual([]);
      const audience = compileAudience(naming('s0'), compiled);
      if (!audience.ok) throw new Error('it does not compile');
      expect([audience.matches({ country: 'DE' }), audience.matches({ country: 'FR' })]).toEqual([
        true,
        false,
      ]);
    }
  });

  it('that name each other in a circle are refused with the way round', () => {
    const { issues } = compileSegments(
      segmentsOf(
        conditionOf('a', { $or: [{ x: 1 }, naming('b')] }),
        conditionOf('b', naming('c')),
        conditionOf('c', { $not: naming('a') }),
      ),
    );
    expect(issues).toEqual([
      {
        segment: 'c',
        path: '/condition/$not/$savedGroup',
        code: 'segment-cycle',
        message: '"a" leads back to itself (a → b → c → a): take one of these steps out',
      },
    ]);
  });

  it('cannot name themselves', () => {
    const { issues } = compileSegments(segmentsOf(conditionOf('a', naming('a'))));
    expect(issues).toMatchObject([{ segment: 'a', message: expect.stringContaining('a → a') }]);
  });

  it('are compiled again only where something they name has changed', () => {
    const [list, condition, apart] = [
      { key: 'list', attribute: 'user', values: ['u1'] },
      conditionOf('condition', naming('list')),
      conditionOf('apart', { country: 'DE' }),
    ];
    const first = compileSegments(segmentsOf(list, condition, apart)).compiled;
    const second = compileSegments(segmentsOf({ ...list, values: ['u2'] }, condition, apart)).compiled;
    expect(second.get('apart')).toBe(first.get('apart'));
    expect(second.get('condition')).not.toBe(first.get('condition'));
    const audience = compileAudience(naming('condition'), second);
    expect(audience.ok && audience.matches({ user: 'u2' })).toBe(true);
    expect(audience.ok && audience.matches({ user: 'u1' })).toBe(false);
  });

  it.each([15, 16, 17, 400])('are bounded in depth: a chain of %i', (length) => {
    for (const segments of [chainOf(length), chainOf(length).reverse()]) {
      const { issues } = compileSegments(segmentsOf(...segments));
      expect(issues.length > 0).toBe(length > 16);
      for (const { code } of issues) expect(code).toBe('too-deep');
    }
  });

  it('are bounded in what they come to, so that a few cannot make a request cost a million tests', () => {
    const doubling = Array.from({ length: 12 }, (_, index) =>
      conditionOf(
        `s${index}`,
        index === 11 ? { country: 'DE' } : { $and: [naming(`s${index + 1}`), naming(`s${index + 1}`)] },
      ),
    );
    const { issues } = compileSegments(segmentsOf(...doubling));
    expect(issues[0]).toMatchObject({ code: 'too-large', path: '/condition' });
  });

  it('that are lists say of which attribute, or whoever names them does', () => {
    const { compiled } = compileSegments(segmentsOf({ key: 'list', values: ['u1'] }));
    expect(compileAudience(naming('list'), compiled)).toMatchObject({
      ok: false,
      issues: [{ path: '/$savedGroup', code: 'no-attribute' }],
    });
    expect(compileAudience({ $savedGroup: { id: 'list', attributeKey: 'user' } }, compiled).ok).toBe(true);
  });
});

describe('a segment', () => {
  it.each([
    ['both', { values: [], condition: {} }, '/condition'],
    ['a condition of one attribute', { condition: {}, attribute: 'user' }, '/attribute'],
  ])('is refused as %s', (_, fields, path) => {
    const result = segmentSchema.safeParse({ key: 'testers', ...fields });
    expect(result.error?.issues.map((issue) => `/${issue.path.join('/')}`)).toEqual([path]);
  });
});
