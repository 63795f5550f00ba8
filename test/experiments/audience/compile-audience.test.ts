import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileAudience, type EvaluationContext } from '../../../experiments/audience/compile-audience.ts';
import { compileSegments } from '../../../experiments/audience/compile-segments.ts';

const SEGMENTS = compileSegments(
  new Map([['beta-testers', { key: 'beta-testers', values: ['ada', 'grace', 7] }]]),
).compiled;

function matches(audience: unknown, context: EvaluationContext): boolean {
  const compiled = compileAudience(audience, SEGMENTS);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.issues));
  return compiled.matches(context);
}

function issuesOf(audience: unknown) {
  const compiled = compileAudience(audience, SEGMENTS);
  return compiled.ok ? [] : compiled.issues;
}

describe('an audience', () => {
  it('that is empty holds for everyone', () => {
    expect(matches({}, {})).toBe(true);
  });

  it('wants every field and every operator to hold', () => {
    const audience = {
      'tenant.plan': { $in: ['pro', 'enterprise'] },
      age: { $gte: 18, $lt: 65 },
      country: 'DE',
    };
    const person = { country: 'DE', age: 30, tenant: { plan: 'pro' } };
    expect(matches(audience, person)).toBe(true);
    expect(matches(audience, { ...person, age: 65 })).toBe(false);
    expect(matches(audience, { ...person, country: 'FR' })).toBe(false);
    expect(matches(audience, { ...person, tenant: { plan: 'free' } })).toBe(false);
    expect(matches(audience, { ...person, tenant: undefined })).toBe(false);
  });

  it('asks a segment by its key', () => {
    expect(matches({ user: { $inGroup: 'beta-testers' } }, { user: 'ada' })).toBe(true);
    expect(matches({ user: { $inGroup: 'beta-testers' } }, { user: 7 })).toBe(true);
    expect(matches({ user: { $notInGroup: 'beta-testers' } }, { user: 'ada' })).toBe(false);
  });

  it('finds nothing that a context inherits, whatever its name', () => {
    const inherited = [Object.prototype, Array.prototype].flatMap((prototype) =>
      Object.getOwnPropertyNames(prototype).filter((name) => name !== 'length'),
    );
    for (const name of inherited) {
      for (const path of [name, `a.${name}`, `list.${name}`]) {
        expect(matches({ [path]: { $exists: true } }, { a: {}, list: [] }), path).toBe(false);
      }
    }
    expect(matches({ '__proto__.admin': true }, JSON.parse('{"__proto__": {"admin": true}}'))).toBe(true);
  });

  it('searches hostile text in linear time', () => {
    const { matches: search } = compileAudience({ a: { $regex: '(x+x+)+y' } }, SEGMENTS) as {
      matches: (context: EvaluationContext) => boolean;
    };
    // A backtracking engine would take 2^4096 steps: the test would not end.
    expect(search({ a: 'x'.repeat(4_096) })).toBe(false);
    expect(matches({ a: { $vgt: '1.0.0' } }, { a: `${'+'.repeat(1e6)}\n` })).toBe(false);
  });
});

describe('compileAudience', () => {
  it('reports every issue at once, each with a pointer to its place', () => {
    const issues = issuesOf({
      country: { $inn: ['DE'] },
      'a/b': { $regex: '(?=x)' },
      user: { $inGroup: 'beta-tester' },
      $or: [{ age: { $gt: null } }, 'DE', { tags: { $all: [{ $eq: [] }] } }],
      $gt: 5,
      plan: { $or: [{ $eq: 'pro' }] },
      mixed: { $gt: 1, nested: 2 },
    });
    expect(issues).toEqual([
      {
        path: '/country/$inn',
        code: 'unknown-operator',
        message: '"$inn" is not an operator: did you mean "$in"?',
      },
      {
        path: '/a~1b/$regex',
        code: 'invalid-regex',
        message:
          '"(?=x)": lookahead and lookbehind are not in RE2, which keeps matching linear: write it without',
      },
      {
        path: '/user/$inGroup',
        code: 'unknown-segment',
        message: '"beta-tester" is not the key of a segment: did you mean "beta-testers"?',
        value: 'beta-tester',
      },
      {
        path: '/$or/0/age/$gt',
        code: 'invalid-operand',
        message: 'compares with a number or a string, not with null',
      },
      {
        path: '/$or/1',
        code: 'invalid-condition',
        message: 'must be an object like { "country": "DE" }, not "DE"',
      },
      {
        path: '/$or/2/tags/$all/0/$eq',
        code: 'invalid-operand',
        message:
          'compares with a string, number, boolean or null; to compare a whole list or object, write it without the operator',
      },
      {
        path: '/$gt',
        code: 'unknown-operator',
        message: '"$gt" tests one field: write { "field": { "$gt": … } }',
      },
      {
        path: '/plan/$or',
        code: 'unknown-operator',
        message: '"$or" combines whole conditions: write it beside the field, not inside',
      },
      {
        path: '/mixed',
        code: 'mixed-operators',
        message: 'mixes operators with fields: keep operators here, and write fields as "parent.field"',
      },
    ]);
  });

  it.each([
    ['no list', { a: { $in: 'DE' } }, '/a/$in'],
    ['a list of lists', { a: { $in: [['DE']] } }, '/a/$in'],
    ['no list for $all', { a: { $all: 'x' } }, '/a/$all'],
    ['no list for $and', { $and: {} }, '/$and'],
    ['no boolean', { a: { $exists: 'yes' } }, '/a/$exists'],
    ['no type', { a: { $type: 'text' } }, '/a/$type'],
    ['no version', { a: { $vgt: null } }, '/a/$vgt'],
    ['no segment', { a: { $inGroup: 5 } }, '/a/$inGroup'],
    ['no condition', { $not: [] }, '/$not'],
    ['no condition for elements', { a: { $elemMatch: 5 } }, '/a/$elemMatch'],
  ])('refuses %s where one is wanted', (_, audience, path) => {
    expect(issuesOf(audience).map((issue) => issue.path)).toEqual([path]);
  });

  it('keeps apart what JSON writes alike, and what means something else beside other segments', () => {
    expect(issuesOf({ age: { $lt: Number.POSITIVE_INFINITY } })).toEqual([]);
    expect(issuesOf({ age: { $lt: null } })).toMatchObject([{ path: '/age/$lt' }]);
    const audience = { user: { $inGroup: 'beta-testers' } };
    const others = new Map([['beta-testers', { key: 'beta-testers', values: ['linus'] }]]);
    const compiled = [SEGMENTS, compileSegments(others).compiled].map((segments) =>
      compileAudience(audience, segments),
    );
    expect(compiled.map((one) => one.ok && one.matches({ user: 'ada' }))).toEqual([true, false]);
  });

  it('says each time where the same mistake stands', () => {
    const mistaken = { a: { $in: 'DE' } };
    const found = issuesOf({ ...mistaken, $or: [mistaken, { $not: mistaken }] });
    expect(found.map(({ path }) => path)).toEqual(['/a/$in', '/$or/0/a/$in', '/$or/1/$not/a/$in']);
  });

  it.each([
    ['lookbehind', '(?<!a)b', 'lookahead and lookbehind are not in RE2'],
    ['a backreference', '(a)\\1', 'backreferences are not in RE2'],
    ['a bad repetition', 'a**', "the syntax is RE2's"],
    ['a pattern too long', 'a'.repeat(501), 'at most 500 characters'],
    ['a programme too long', '(a{500}){1}(b{501}){1}', 'instructions of at most 1000'],
  ])('refuses %s in a pattern and says why', (_, pattern, reason) => {
    expect(issuesOf({ a: { $regex: pattern } })).toMatchObject([
      { path: '/a/$regex', code: 'invalid-regex', message: expect.stringContaining(reason) },
    ]);
  });

  it('refuses a condition deeper than 16 levels, and takes one of 16', () => {
    const nested = (levels: number): object => (levels === 1 ? { a: 1 } : { $not: nested(levels - 1) });
    expect(issuesOf(nested(16))).toEqual([]);
    expect(issuesOf(nested(17))).toMatchObject([{ path: '', code: 'too-deep' }]);
  });

  it('refuses a condition of more than 1,000 values, and takes one of 1,000', () => {
    const listOf = (length: number) => ({ a: { $in: Array.from({ length }, (_, index) => index) } });
    expect(issuesOf(listOf(997))).toEqual([]);
    expect(issuesOf(listOf(998))).toMatchObject([{ path: '', code: 'too-large' }]);
  });

  it('takes a condition that refers to itself for one that is too deep', () => {
    const condition: Record<string, unknown> = {};
    condition['$not'] = condition;
    expect(issuesOf(condition)).toMatchObject([{ code: 'too-deep' }]);
  });

  it('answers any JSON, with a predicate that answers any context or with issues', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue()), (audience, context) => {
        const compiled = compileAudience(audience, SEGMENTS);
        expect(compiled.ok ? typeof compiled.matches(context) : compiled.issues.length > 0).toBe(
          compiled.ok ? 'boolean' : true,
        );
      }),
    );
  });
});
