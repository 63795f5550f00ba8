import { describe, expect, it } from 'vitest';
import type { Moments } from '../../experiments/analysis/moments.ts';
import { sampleRatio } from '../../experiments/analysis/sample-ratio.ts';
import { verdictOf } from '../../experiments/analysis/verdict.ts';
import { metricResult } from '../support/metric-results.ts';
import { RunningMoments } from '../support/running-moments.ts';
import { samplers } from '../support/samplers.ts';
import { errorBar, growingLooks, report, shareOf } from '../support/simulation.ts';

const RUNS = 400;
const VARIANTS = ['control', 'a', 'b', 'c', 'd'];
const EVEN = sampleRatio([]);

/** The first decision other than to keep running, at any look; the variants differ from the control by `effect`. */
function decisionOf(draw: ReturnType<typeof samplers>, effect: number): string {
  const arms = VARIANTS.map((key) => ({ key, moments: new RunningMoments() }));
  let seen = 0;
  for (const look of growingLooks(100, 5_000)) {
    for (; seen < look; seen += 1)
      for (const { key, moments } of arms) moments.add(draw.exponential(key === 'd' ? 1 + effect : 1));
    const moments: Record<string, Moments> = Object.fromEntries(
      arms.map((arm) => [arm.key, arm.moments.moments]),
    );
    const { decision, variant } = verdictOf({
      sampleRatio: EVEN,
      metrics: [metricResult({ kind: 'mean', moments })],
      excludedUnits: 0,
    });
    if (decision !== 'keep-running') return `${decision} ${variant ?? ''}`.trim();
  }
  return 'keep-running';
}

describe('the verdict on four variants, read at every look', () => {
  it('ships one that is no better in at most alpha of the experiments', () => {
    const draw = samplers(71);
    const shipped = shareOf(RUNS, () => decisionOf(draw, 0).startsWith('ship'));
    report('verdict, four variants alike, 42 looks', { shipped, runs: RUNS });

    expect(shipped).toBeLessThanOrEqual(0.05 + errorBar(0.05, RUNS));
  });

  it('ships the one that is better by a fifth', () => {
    const draw = samplers(72);
    const shipped = shareOf(100, () => decisionOf(draw, 0.2) === 'ship d');
    report('verdict, one of four variants better by 20%, 5,000 units each', { 'shipped it': shipped });

    expect(shipped).toBeGreaterThan(0.9);
  });
});
