import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assign, type Enrolled } from '../../experiments/assignment.ts';
import type { CompiledExperiment } from '../../experiments/compile-experiment.ts';
import { explain } from '../../experiments/explain.ts';
import { haltSchema, withoutHalted } from '../../experiments/halt.ts';
import { type KeptAssignment, recalled } from '../../experiments/sticky.ts';
import { compiledWith, experimentWith, variantsOf } from '../support/experiments.ts';

const sticky = { inheritsFrom: 'session' };
const users = fc.uniqueArray(fc.integer({ min: 0, max: 100_000 }).map(String), {
  minLength: 50,
  maxLength: 200,
});
const weights = fc.integer({ min: 0, max: 10_000 }).map((weight) => [weight, 10_000 - weight]);

/** What a gateway does around `assign`: look up what is kept, and keep what is used. */
function gatewayOf() {
  const kept = new Map<string, KeptAssignment>();
  const idOf = (draw: string, { name, id }: { name: string; id: string }) => `${draw}/${name}/${id}`;
  return (compiled: CompiledExperiment, context: Record<string, string>) => {
    const ids =
      compiled.sticky?.unitsOf(context).map((unit) => idOf(compiled.sticky?.draw ?? '', unit)) ?? [];
    const found = recalled(
      compiled.experiment,
      ids.map((id) => kept.get(id) ?? null),
    );
    const knowledge = found === null ? {} : { kept: new Map([[compiled.experiment.key, found]]) };
    const assignment = assign([compiled], context, knowledge);
    if (assignment.kind === 'enrolled' && assignment.keep !== null) {
      const { keep, variant, revision, propensityBp } = assignment;
      const id = idOf(keep.draw, keep.unit);
      if (!kept.has(id)) kept.set(id, { variant: variant.key, revision, propensityBp });
    }
    return assignment;
  };
}

const variantIn = (assignment: ReturnType<ReturnType<typeof gatewayOf>>) =>
  assignment.kind === 'enrolled' ? assignment.variant.key : null;

describe('a sticky assignment', () => {
  it('survives any change of weights and allocation; others are drawn as ever', () => {
    fc.assert(
      fc.property(users, weights, fc.integer({ min: 0, max: 10_000 }), (ids, after, allocation) => {
        const ask = gatewayOf();
        const before = compiledWith({ sticky, allocation: 5_000 });
        const first = new Map(ids.map((user) => [user, variantIn(ask(before, { user }))]));
        const reweighed = compiledWith({ sticky, allocation, variants: variantsOf(after) });
        const plain = compiledWith({ allocation, variants: variantsOf(after) });
        for (const [user, variant] of first) {
          const now = variantIn(ask(reweighed, { user }));
          expect(now).toBe(variant ?? variantIn(assign([plain], { user })));
        }
      }),
      { numRuns: 50 },
    );
  });

  it('says which revision drew it and with which probability, also after the weights have changed', () => {
    const ask = gatewayOf();
    const context = { user: 'u-1' };
    const drawn = ask(compiledWith({ sticky }), context) as Enrolled;
    expect(drawn).toMatchObject({ revision: 7, propensityBp: 5_000 });
    const now = { ...compiledWith({ sticky, variants: variantsOf([1_000, 9_000]) }), revision: 8 };
    expect(ask(now, context)).toMatchObject({
      variant: { key: drawn.variant.key },
      revision: 7,
      propensityBp: 5_000,
    });
  });

  it('is drawn again by another bucket version, and by another experiment of the same key', () => {
    const ask = gatewayOf();
    const all = (weight: number) => ({ sticky, variants: variantsOf([weight, 10_000 - weight]) });
    expect(variantIn(ask(compiledWith(all(10_000)), { user: 'u' }))).toBe('v0');
    expect(variantIn(ask(compiledWith(all(0)), { user: 'u' }))).toBe('v0');
    expect(variantIn(ask(compiledWith({ ...all(0), bucketVersion: 2 }), { user: 'u' }))).toBe('v1');
    const recreated = compiledWith(all(0), { status: { startedAt: '2026-11-24T12:00:00Z' } });
    expect(variantIn(ask(recreated, { user: 'u' }))).toBe('v1');
  });

  it('gives way to audience, layer and a halt', () => {
    const ask = gatewayOf();
    const fields = { sticky, audience: { country: 'DE' } };
    const german = { user: 'u', country: 'DE' };
    expect(variantIn(ask(compiledWith(fields), german))).not.toBeNull();
    expect(ask(compiledWith(fields), { ...german, country: 'FR' })).toMatchObject({ reason: 'audience' });
    const outside = compiledWith({ ...fields, layer: { key: 'l', from: 0, to: 1 } });
    expect(ask(outside, german)).toMatchObject({ reason: 'layer' });
    const halts = ['v0', 'v1'].map((variant) =>
      haltSchema.parse({ key: `ranker-v2.${variant}`, experiment: 'ranker-v2', variant, reason: 'slow' }),
    );
    expect(ask(withoutHalted(compiledWith(fields), halts), german)).toMatchObject({ reason: 'halted' });
  });

  it('in a variant that is gone counts as none', () => {
    expect(recalled(experimentWith(), [{ variant: 'gone', revision: 1, propensityBp: 1 }])).toBeNull();
  });

  it('is explained', () => {
    const compiled = compiledWith({ sticky, allocation: 0 });
    const kept = { variant: 'v1', revision: 3, propensityBp: 5_000, inherited: true };
    const { checks } = explain(compiled, { user: 'u' }, { kept: new Map([['ranker-v2', kept]]) });
    expect(checks.slice(-2)).toMatchObject([
      { check: 'allocation', passed: true, detail: 'who was enrolled once stays' },
      { check: 'variant', passed: true, detail: 'kept in "v1" since revision 3, inherited' },
    ]);
  });
});

describe('a unit that becomes known', () => {
  it('inherits the variant that it had before, and keeps it under its own id', () => {
    fc.assert(
      fc.property(users, (ids) => {
        const ask = gatewayOf();
        const compiled = compiledWith({ sticky });
        for (const id of ids) {
          const before = variantIn(ask(compiled, { session: `s-${id}` }));
          expect(before).not.toBeNull();
          expect(variantIn(ask(compiled, { session: `s-${id}`, user: `u-${id}` }))).toBe(before);
          expect(variantIn(ask(compiled, { user: `u-${id}` }))).toBe(before);
          expect(variantIn(ask(compiled, { user: `u-${id}`, session: 'of-another-device' }))).toBe(before);
        }
      }),
      { numRuns: 10 },
    );
  });

  it('keeps its own variant where it had one', () => {
    const ask = gatewayOf();
    const compiled = compiledWith({ sticky });
    const [own, other] = ['u-1', 's-1'].map((id) => variantIn(ask(compiled, { user: id })));
    const session = Array.from({ length: 50 }, (_, n) => `s-${n}`).find(
      (id) => variantIn(ask(compiled, { session: id })) !== own,
    );
    expect([own, other]).not.toContain(null);
    expect(variantIn(ask(compiled, { user: 'u-1', session: session ?? '' }))).toBe(own);
  });

  it('is drawn by its own id where nothing is kept, and by the one before where that is all there is', () => {
    const plain = compiledWith();
    const compiled = compiledWith({ sticky });
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (user, session) => {
        const context = { user: `u-${user}`, session: `s-${session}` };
        expect(variantIn(assign([compiled], context))).toBe(variantIn(assign([plain], context)));
        const before = assign([compiled], { session: context.session });
        expect(variantIn(before)).toBe(variantIn(assign([plain], { user: context.session })));
        expect(before).toMatchObject({ unitId: context.session, keep: { unit: { name: 'session' } } });
      }),
    );
  });

  it.each([
    ['user', 'user'],
    ['user', 'tenant'],
    ['tenant', 'session'],
  ])('of kind %s cannot inherit from %s', (unit, inheritsFrom) => {
    expect(() => experimentWith({ unit, sticky: { inheritsFrom } })).toThrow('cannot inherit');
  });
});
