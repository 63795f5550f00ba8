import { describe, expect, it } from 'vitest';
import {
  groupSequentialEstimate,
  groupSequentialLooks,
} from '../../experiments/analysis/group-sequential.ts';
import { absoluteDifference } from '../../experiments/analysis/lift.ts';
import { obrienFlemingSpending, pocockSpending, type Spending } from '../../experiments/analysis/spending.ts';
import { RunningMoments } from '../support/running-moments.ts';
import { samplers } from '../support/samplers.ts';
import { errorBar, report, shareOf } from '../support/simulation.ts';

const ALPHA = 0.05;
const RUNS = 2_000;
const UNITS = 2_000;
const FIFTHS = [0.2, 0.4, 0.6, 0.8, 1];

describe('five looks of a group-sequential plan', () => {
  it.each([
    ["O'Brien and Fleming", obrienFlemingSpending(ALPHA)],
    ['Pocock', pocockSpending(ALPHA)],
  ] as [string, Spending][])(
    'ever miss the truth in alpha of the experiments, no more and no less: %s',
    (name, spending) => {
      const { exponential } = samplers(41);
      const looks = groupSequentialLooks(FIFTHS, spending);
      const missed = shareOf(RUNS, () => {
        const [control, variant] = [new RunningMoments(), new RunningMoments()];
        let seen = 0;
        return looks.some((look) => {
          for (; seen < look.fraction * UNITS; seen += 1) {
            control.add(exponential(1));
            variant.add(exponential(1.1));
          }
          const found = groupSequentialEstimate(absoluteDifference(control.moments, variant.moments), look);
          return found !== null && (found.interval[0] > 0.1 || found.interval[1] < 0.1);
        });
      });
      report(`group-sequential, five looks, ${name}, exponential`, {
        'ever missed': missed,
        alpha: ALPHA,
        runs: RUNS,
      });

      expect(Math.abs(missed - ALPHA)).toBeLessThan(errorBar(ALPHA, RUNS));
    },
  );
});
