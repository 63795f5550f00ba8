import { describe, expect, it } from 'vitest';
import { sampleRatio } from '../../experiments/analysis/sample-ratio.ts';
import { sequentialSampleRatio } from '../../experiments/analysis/sequential-sample-ratio.ts';
import { samplers } from '../support/samplers.ts';
import { average, errorBar, report, shareOf } from '../support/simulation.ts';

/** The level at which both checks call a mismatch. */
const LEVEL = 0.001;
const RUNS = 2_000;
const EVERY = 500;

/** Units until each check first fails in a split of which a share `lost` of one arm's units is not recorded. */
function firstFailures(lost: number, seed: number, most: number, runs: number) {
  const { uniform } = samplers(seed);
  const detected: { fixed: number; sequential: number }[] = [];
  for (let run = 0; run < runs; run += 1) {
    const units = [0, 0];
    const found = { fixed: Number.POSITIVE_INFINITY, sequential: Number.POSITIVE_INFINITY };
    for (let seen = 1; seen <= most; seen += 1) {
      const arm = uniform() < 0.5 ? 0 : 1;
      if (arm === 1 && uniform() < lost) continue;
      units[arm] = (units[arm] ?? 0) + 1;
      if (seen % EVERY !== 0) continue;
      const arms = units.map((count) => ({ units: count, weight: 1 }));
      if (found.fixed > seen && !sampleRatio(arms).ok) found.fixed = seen;
      if (found.sequential > seen && !sequentialSampleRatio([arms]).ok) found.sequential = seen;
      if (Math.max(found.fixed, found.sequential) <= seen) break;
    }
    detected.push(found);
  }
  return detected;
}

describe('the sample-ratio check, looked at every 500 units', () => {
  it('raises false alarms at its level when always-valid, and above it when not', () => {
    const runs = firstFailures(0, 31, 20_000, RUNS);
    const alarms = (kind: 'fixed' | 'sequential') =>
      shareOf(runs.length, (run) => (runs[run]?.[kind] ?? 0) <= 20_000);
    report('sample ratio, no mismatch, 40 looks', {
      'always-valid alarms': alarms('sequential'),
      'chi-square alarms': alarms('fixed'),
      level: LEVEL,
      runs: RUNS,
    });

    expect(alarms('sequential')).toBeLessThanOrEqual(LEVEL + errorBar(LEVEL, RUNS));
    expect(alarms('fixed')).toBeGreaterThan(LEVEL);
  });

  it.each([
    [0.1, 40_000],
    [0.05, 100_000],
  ])('finds that a share of %s of one arm is lost', (lost, most) => {
    const runs = firstFailures(lost, 32, most, 200);
    const found = (kind: 'fixed' | 'sequential') => runs.filter((run) => run[kind] <= most);
    const delay = (kind: 'fixed' | 'sequential') => average(found(kind).map((run) => run[kind]));
    report(`sample ratio, ${100 * lost}% of one arm lost`, {
      'found within': most,
      'always-valid power': found('sequential').length / 200,
      'always-valid mean delay': delay('sequential'),
      'chi-square power': found('fixed').length / 200,
      'chi-square mean delay': delay('fixed'),
    });

    expect(found('sequential').length / 200).toBeGreaterThan(0.99);
    // The price of looking all the time.
    expect(delay('sequential') / delay('fixed')).toBeLessThan(2.5);
  });
});
