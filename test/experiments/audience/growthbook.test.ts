import { evalCondition } from '@growthbook/growthbook';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileAudience, type EvaluationContext } from '../../../experiments/audience/compile-audience.ts';
import { compileSegments } from '../../../experiments/audience/compile-segments.ts';
import type { Segment } from '../../../experiments/segment.ts';

/** Small enough an alphabet that conditions and contexts meet. */
const texts = fc.constantFrom('a', 'b', 'A', 'ab', '', '0', '1', '2', '10', 'null', 'true', 'é', 'É');
const numbers = fc.constantFrom(-1, 0, 1, 2, 10, 0.5);
const versions = fc.constantFrom(
  '1',
  '1.2',
  '1.2.3',
  'v1.2.3',
  '1.2.3-rc.1',
  '1.2.3+b',
  '1.10.0',
  '1.9.0',
  '',
  2,
);
const patterns = fc.constantFrom('^a', 'b$', 'a|b', '[0-9]+', '^$', '.', 'A', '(a)(b)?', 'u');
const scalars = fc.oneof(texts, numbers, fc.boolean(), fc.constant(null));
const names = fc.constantFrom('a', 'b', 'c');
const paths = fc.oneof(
  names,
  fc.tuple(names, names).map((parts) => parts.join('.')),
  fc.constantFrom('a.0', 'a.length'),
);
const types = fc.constantFrom('string', 'number', 'boolean', 'array', 'object', 'null');

const LISTS: Segment[] = [
  { key: 'letters', attribute: 'a', values: ['a', 'b'] },
  { key: 'numbers', attribute: 'b.c', values: [0, 1, '2'] },
  { key: 'empty', attribute: 'c', values: [] },
];
const CONDITIONS: Segment[] = [
  { key: 'inner', condition: { a: { $in: ['a', 1] } } },
  { key: 'outer', condition: { $or: [{ $savedGroup: { id: 'inner' } }, { b: { $inGroup: 'numbers' } }] } },
  { key: 'everyone', condition: {} },
];
const lists = fc.constantFrom(...LISTS.map(({ key }) => key));
const attributes = fc.option(fc.constantFrom('a', 'b', 'b.c', 'a.0'), { nil: undefined });

/** A reference to a segment, by its own attribute or by another. */
const referenceTo = (keys: fc.Arbitrary<string>) =>
  fc.tuple(keys, attributes).map(([id, attributeKey]) => ({
    $savedGroup: { id, ...(attributeKey === undefined ? {} : { attributeKey }) },
  }));
const references = referenceTo(fc.constantFrom(...[...LISTS, ...CONDITIONS].map(({ key }) => key)));

const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalars,
    versions,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(names, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
}));
const SEGMENTS: ReadonlyMap<string, Segment> = new Map(
  [...LISTS, ...CONDITIONS].map((segment) => [segment.key, segment]),
);
const COMPILED = compileSegments(SEGMENTS).compiled;
const GROUPS = groupsOf(SEGMENTS);
const contexts = fc.dictionary(names, value, { maxKeys: 3, noNullPrototype: true });

const list = fc.array(scalars, { maxLength: 4 });
const orderable = fc.oneof(texts, numbers);

const { condition } = fc.letrec<{
  test: unknown;
  operators: Record<string, unknown>;
  fields: unknown;
  condition: unknown;
}>((tie) => ({
  operators: fc.oneof(
    { maxDepth: 3 },
    fc.record({ $in: list }),
    someOf(operandsWith(tie('test'), tie('fields'))),
  ),
  test: fc.oneof({ maxDepth: 3 }, scalars, value, tie('operators'), fc.record({ $in: list })),
  fields: fc.dictionary(paths, tie('test'), { maxKeys: 3, noNullPrototype: true }),
  condition: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    tie('fields'),
    fc.record({ $and: fc.array(tie('condition'), { maxLength: 3 }) }),
    fc.record({ $or: fc.array(tie('condition'), { maxLength: 3 }) }),
    fc.record({ $nor: fc.array(tie('condition'), { maxLength: 3 }) }),
    fc.record({ $not: tie('condition') }),
    references,
  ),
}));

/** What may stand behind each operator; `test` and `fields` are what nests. */
function operandsWith(test: fc.Arbitrary<unknown>, fields: fc.Arbitrary<unknown>) {
  return {
    $eq: scalars,
    $ne: scalars,
    $lt: orderable,
    $lte: orderable,
    $gt: orderable,
    $gte: orderable,
    $veq: versions,
    $vne: versions,
    $vlt: versions,
    $vlte: versions,
    $vgt: versions,
    $vgte: versions,
    $in: list,
    $nin: list,
    $ini: list,
    $nini: list,
    $inGroup: lists,
    $notInGroup: lists,
    $exists: fc.boolean(),
    $type: types,
    $size: fc.oneof(numbers, fc.record({ $gt: numbers })),
    $not: test,
    $elemMatch: fc.oneof(fc.record({ $gte: numbers }), fc.record({ $exists: fc.boolean() }), fields),
    $all: fc.array(test, { maxLength: 2 }),
    $alli: fc.array(fc.oneof(texts, test), { maxLength: 2 }),
  };
}

/** An object of at most two of the operators. */
function someOf(operands: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Record<string, unknown>> {
  return fc
    .subarray(Object.keys(operands), { maxLength: 2 })
    .chain((keys) =>
      fc.record(Object.fromEntries(keys.map((key) => [key, operands[key] ?? fc.constant(null)]))),
    );
}

describe('an audience, beside the published GrowthBook SDK', () => {
  it('matches the same contexts', () => {
    let matched = 0;
    let missed = 0;
    fc.assert(
      fc.property(condition, fc.array(contexts, { minLength: 5, maxLength: 5 }), (audience, people) => {
        for (const context of people) {
          const verdict = published(audience, context);
          expect(ours(audience, context)).toBe(verdict);
          if (verdict) matched += 1;
          else missed += 1;
        }
      }),
      { numRuns: 5_000 },
    );
    // A comparison of nothing but misses, or nothing but matches, would say little.
    expect(Math.min(matched, missed)).toBeGreaterThan(2_000);
  });

  it.each(Object.entries(operandsWith(scalars, fc.dictionary(names, scalars, { noNullPrototype: true }))))(
    'matches the same values by %s',
    (operator, operand) => {
      const attribute = fc.oneof(scalars, versions, fc.array(scalars, { maxLength: 3 }), value);
      fc.assert(
        fc.property(operand, attribute, (expected, a) => {
          const audience = { a: { [operator]: expected } };
          expect(ours(audience, { a })).toBe(published(audience, { a }));
        }),
        { numRuns: 5_000 },
      );
    },
  );

  it('matches the same contexts by segments that name each other', () => {
    let matched = 0;
    fc.assert(
      fc.property(condition, condition, contexts, fc.boolean(), (first, second, context, negated) => {
        const segments = new Map(SEGMENTS)
          .set('first', { key: 'first', condition: first as Record<string, unknown> })
          .set('second', {
            key: 'second',
            condition: { $and: [{ $savedGroup: { id: 'first' } }, second] },
          });
        const audience = negated
          ? { $not: { $savedGroup: { id: 'second' } } }
          : { $or: [{ $savedGroup: { id: 'second' } }, { $savedGroup: { id: 'first' } }] };
        const verdict = published(audience, context, groupsOf(segments));
        expect(ours(audience, context, compileSegments(segments).compiled)).toBe(verdict);
        if (verdict) matched += 1;
      }),
      { numRuns: 1_000 },
    );
    expect(matched).toBeGreaterThan(100);
  });

  it('matches the same text by patterns that both engines read alike', () => {
    const operators = fc.constantFrom('$regex', '$regexi');
    fc.assert(
      fc.property(operators, patterns, fc.oneof(texts, numbers, fc.boolean()), (operator, pattern, a) => {
        const audience = { a: { [operator]: pattern } };
        expect(ours(audience, { a })).toBe(published(audience, { a }));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['an unknown operator', { a: { $inn: ['x'] } }],
    ['a combination inside a field', { a: { $or: [{ $eq: 'x' }] } }],
    ['a combination of elements', { a: { $elemMatch: { $or: [{ b: 'x' }] } } }],
    ['operators mixed with fields', { a: { $eq: 'x', b: 1 } }],
    ['a membership without a list', { a: { $in: 'x' } }],
    ['a pattern that does not compile', { a: { $regex: '(' } }],
    ['a segment that does not exist', { a: { $inGroup: 'lettres' } }],
    ['a condition as a list', { a: { $inGroup: 'everyone' } }],
    ['a reference to a segment that does not exist', { $savedGroup: { id: 'lettres' } }],
    ['a reference without an id', { $savedGroup: 'everyone' }],
    ['an attribute that is no text', { $savedGroup: { id: 'letters', attributeKey: 1 } }],
  ])('refuses %s, which the SDK lets match nobody without a word', (_, audience) => {
    for (const a of ['x', ['x'], [{ b: 'x' }]]) expect(published(audience, { a })).toBe(false);
    expect(compileAudience(audience, compileSegments(SEGMENTS).compiled).ok).toBe(false);
  });

  it.each(deliberateDivergences())('differs on purpose: $reason', ({ audience, context, theirs, mine }) => {
    expect(published(audience, context)).toBe(theirs);
    expect(ours(audience, context)).toBe(mine);
  });
});

function deliberateDivergences() {
  return [
    {
      reason: 'what a context inherits from its prototype is not in it',
      audience: { constructor: { $exists: true } },
      context: {},
      theirs: true,
      mine: false,
    },
    {
      reason: 'a property that is undefined is absent, as it is once sent as JSON',
      audience: { a: null },
      context: { a: undefined },
      theirs: false,
      mine: true,
    },
    {
      reason: 'an absent value has no text, not the text "null"',
      audience: { a: { $regex: '^nul' } },
      context: {},
      theirs: true,
      mine: false,
    },
    {
      reason: 'a list has no text: ask for its elements with $elemMatch',
      audience: { a: { $regex: '^x,y$' } },
      context: { a: ['x', 'y'] },
      theirs: true,
      mine: false,
    },
    {
      reason: 'text beyond 4,096 characters is not searched, so that a request cannot buy time',
      audience: { a: { $regex: 'x' } },
      context: { a: 'x'.repeat(4_097) },
      theirs: true,
      mine: false,
    },
    {
      reason: 'patterns are RE2: \\s is ASCII white space',
      audience: { a: { $regex: '^\\s$' } },
      context: { a: '\u00a0' },
      theirs: true,
      mine: false,
    },
    {
      reason: 'patterns are RE2: one dot takes a whole code point',
      audience: { a: { $regex: '^.$' } },
      context: { a: '🎬' },
      theirs: false,
      mine: true,
    },
    {
      reason: 'the build of a version is cut at its plus sign even where a line breaks after it',
      audience: { a: { $veq: '1.0.0' } },
      context: { a: '1.0.0+b\nc' },
      theirs: false,
      mine: true,
    },
    {
      reason: 'an object that cannot be turned into text is no match, not an exception',
      audience: { a: 'x' },
      context: { a: { toString: 1, valueOf: 1 } },
      theirs: 'throws',
      mine: false,
    },
  ];
}

function ours(audience: unknown, context: EvaluationContext, segments = COMPILED): boolean {
  const result = compileAudience(audience, segments);
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return result.matches(context);
}

function published(audience: unknown, context: EvaluationContext, groups = GROUPS): boolean | 'throws' {
  try {
    return evalCondition(context, audience as Parameters<typeof evalCondition>[1], groups);
  } catch {
    return 'throws';
  }
}

/** Segments as the SDK is given them. */
function groupsOf(segments: ReadonlyMap<string, Segment>): Parameters<typeof evalCondition>[2] {
  const groups = [...segments].map(([key, { attribute, values, condition }]) =>
    condition === undefined
      ? [key, { type: 'list', attributeKey: attribute, values }]
      : [key, { type: 'condition', condition }],
  );
  return Object.fromEntries(groups);
}
