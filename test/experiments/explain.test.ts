import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assign } from '../../experiments/assignment.ts';
import { explain } from '../../experiments/explain.ts';
import { haltSchema, withoutHalted } from '../../experiments/halt.ts';
import { compileHoldout, holdoutSchema } from '../../experiments/holdout.ts';
import { compiledWith, variantsOf } from '../support/experiments.ts';

const compiled = compiledWith(
  {
    audience: { country: 'DE' },
    layer: { key: 'homepage', from: 0, to: 5_000 },
    allocation: 5_000,
  },
  { holdouts: [compileHoldout(holdoutSchema.parse({ key: 'q4', unit: 'user', share: 1_000 }), 1)] },
);

describe('explain', () => {
  it('gives the assignment that the request gets, and ends at the check that decides it', () => {
    fc.assert(
      fc.property(fc.nat(5_000), fc.constantFrom('DE', 'FR', null), (user, country) => {
        const context = { user: `user-${user}`, country };
        const { assignment, checks } = explain(compiled, context);
        expect(assignment).toEqual(assign([compiled], context));
        const last = checks.at(-1);
        expect(last?.passed).toBe(assignment.kind === 'enrolled');
        expect(last?.check).toBe(assignment.kind === 'enrolled' ? 'variant' : assignment.reason);
        expect(checks.slice(0, -1).every(({ passed }) => passed)).toBe(true);
      }),
    );
  });

  it('names the checks in their order', () => {
    const context = Array.from({ length: 1_000 }, (_, index) => ({
      user: `user-${index}`,
      country: 'DE',
    })).find((candidate) => assign([compiled], candidate).kind === 'enrolled');
    const names = explain(compiled, context ?? {}).checks.map(({ check }) => check);
    expect(names).toEqual(['running', 'unit', 'holdout', 'audience', 'layer', 'allocation', 'variant']);
  });

  it('never shows the id of the unit', () => {
    const { checks } = explain(compiled, { user: 'a-secret-id', country: 'DE' });
    expect(JSON.stringify(checks)).not.toContain('a-secret-id');
  });

  it('says of an experiment that does not run, of no unit and of an override what they are', () => {
    expect(explain(compiledWith({}, { state: 'paused' }), {}).checks).toEqual([
      { check: 'running', passed: false, detail: 'it is paused' },
    ]);
    expect(explain(compiled, {}).checks.at(-1)).toMatchObject({ check: 'unit', passed: false });
    const forced = compiledWith({ overrides: [{ variant: 'v1', units: ['qa'] }] });
    expect(explain(forced, { user: 'qa' }).checks.at(-1)).toMatchObject({ check: 'override', passed: true });
  });

  it('says of a halted variant that it is, and of one that never took the unit that it did not', () => {
    const all = compiledWith({ variants: variantsOf([5_000, 5_000]) });
    const halt = haltSchema.parse({
      key: 'ranker-v2.v1',
      experiment: 'ranker-v2',
      variant: 'v1',
      reason: 'slow',
    });
    const halted = withoutHalted(all, [halt]);
    fc.assert(
      fc.property(fc.nat(5_000), (user) => {
        const context = { user: `user-${user}` };
        const was = assign([all], context);
        const isHalted = was.kind === 'enrolled' && was.variant.key === 'v1';
        expect(assign([halted], context).reason).toBe(isHalted ? 'halted' : 'enrolled');
        const last = explain(halted, context).checks.at(-1);
        expect(last?.passed).toBe(!isHalted);
        expect(last?.detail.endsWith(isHalted ? 'belongs to "v1", which is halted' : 'belongs to "v0"')).toBe(
          true,
        );
      }),
    );
    expect(assign([withoutHalted(compiledWith({ allocation: 0 }), [halt])], { user: 'u' }).reason).toBe(
      'allocation',
    );
  });
});
