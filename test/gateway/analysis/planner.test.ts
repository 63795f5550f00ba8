import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { type Comparison, plannedComparison } from '../../../experiments/analysis/planned-comparison.ts';
import { Planner } from '../../../gateway/analysis/planner.ts';

const COMPARISON: Comparison = {
  plan: { alpha: 0.05, power: 0.8, variances: [0.21, 0.21], shares: [0.5, 0.25], tunedAt: 5_000 },
  effect: 0.02,
  horizons: [2_000],
};

function startPlanner(): Planner {
  const planner = new Planner();
  onTestFinished(() => planner.close());
  return planner;
}

it('plans to the same numbers as in place, while the event loop turns', async () => {
  const state = { isPlanned: false, turns: 0 };
  const planned = startPlanner()
    .plan([COMPARISON, { ...COMPARISON, effect: 0.04, horizons: [] }])
    .finally(() => {
      state.isPlanned = true;
    });
  while (!state.isPlanned) {
    await nextTurn();
    state.turns += 1;
  }

  expect(await planned).toEqual([
    plannedComparison(COMPARISON),
    plannedComparison({ ...COMPARISON, effect: 0.04, horizons: [] }),
  ]);
  expect(state.turns).toBeGreaterThan(10);
});

it('answers in the order asked, and refuses more questions than anybody would wait for', async () => {
  const planner = startPlanner();
  const order: number[] = [];
  const taken = Array.from({ length: 16 }, (_, index) =>
    planner.plan([]).then(() => {
      order.push(index);
    }),
  );

  await expect(planner.plan([COMPARISON])).rejects.toMatchObject({ code: 'analysis-busy' });
  await Promise.all(taken);
  expect(order).toEqual(Array.from({ length: 16 }, (_, index) => index));
  expect(await planner.plan([])).toEqual([]);
});

it('gives up what is not planned by its deadline, and goes on with the next', async () => {
  const planner = startPlanner();
  const endless = Array.from({ length: 10_000 }, () => COMPARISON);
  const [underWay, waiting, next] = await Promise.allSettled([
    planner.plan(endless, 20),
    planner.plan(endless, 10),
    planner.plan([{ ...COMPARISON, horizons: [] }]),
  ]);

  const busy = { code: 'analysis-busy', message: expect.stringMatching(/within \d0 ms/) };
  expect(underWay).toMatchObject({ status: 'rejected', reason: busy });
  expect(waiting).toMatchObject({ status: 'rejected', reason: busy });
  expect(next).toEqual({
    status: 'fulfilled',
    value: [plannedComparison({ ...COMPARISON, horizons: [] })],
  });
});

it('rejects what has no answer with the reason, and goes on with the next', async () => {
  const planner = startPlanner();
  const [impossible, next] = await Promise.allSettled([
    planner.plan([{ ...COMPARISON, effect: 0 }]),
    planner.plan([]),
  ]);

  expect(impossible).toMatchObject({ status: 'rejected', reason: expect.any(RangeError) });
  expect(next).toEqual({ status: 'fulfilled', value: [] });
});

it('ends what is under way when it is closed', async () => {
  const planner = startPlanner();
  const asked = planner.plan([COMPARISON]);
  const refused = expect(asked).rejects.toMatchObject({ code: 'analysis-busy' });
  await planner.close();
  await refused;
});
