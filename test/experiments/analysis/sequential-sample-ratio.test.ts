import { describe, expect, it } from 'vitest';
import { sampleRatioBy } from '../../../experiments/analysis/sample-ratio-by.ts';
import { sequentialSampleRatio } from '../../../experiments/analysis/sequential-sample-ratio.ts';

const even = (a: number, b: number) => [
  { units: a, weight: 5_000 },
  { units: b, weight: 5_000 },
];

describe('the always-valid sample ratio', () => {
  it('has the Bayes factor of one unit: no evidence either way', () => {
    expect(sequentialSampleRatio([even(1, 0)]).logEvidence).toBeCloseTo(0, 6);
  });

  it('finds a mismatch of two percent among 100,000 units, and none where there is none', () => {
    expect(sequentialSampleRatio([even(51_000, 49_000)])).toMatchObject({ ok: false });
    expect(sequentialSampleRatio([even(50_100, 49_900)])).toMatchObject({ ok: true, p: 1 });
  });

  it('adds up the evidence of periods with different weights', () => {
    const ramped = [
      [
        { units: 9_000, weight: 9_000 },
        { units: 1_000, weight: 1_000 },
      ],
      even(5_000, 5_000),
    ];
    const [first, second] = ramped.map((epoch) => sequentialSampleRatio([epoch]).logEvidence);

    expect(sequentialSampleRatio(ramped).ok).toBe(true);
    expect(sequentialSampleRatio(ramped).logEvidence).toBeCloseTo((first ?? 0) + (second ?? 0), 9);
  });

  it('leaves out a variant of weight 0, unless units were seen in it', () => {
    const stopped = (units: number) => [...even(500, 510), { units, weight: 0 }];

    expect(sequentialSampleRatio([stopped(0)])).toEqual(sequentialSampleRatio([even(500, 510)]));
    expect(sequentialSampleRatio([stopped(1)])).toMatchObject({ p: 0, ok: false });
  });

  it('finds nothing wrong where nothing was seen', () => {
    expect(sequentialSampleRatio([])).toEqual({ logEvidence: 0, p: 1, ok: true });
  });
});

describe('the sample ratio by group', () => {
  it('finds the two groups whose mismatches cancel out', () => {
    const found = sampleRatioBy([
      { group: 'ios', arms: even(5_500, 4_500) },
      { group: 'android', arms: even(4_500, 5_500) },
      { group: 'web', arms: even(5_020, 4_980) },
    ]);

    expect(found.map(({ group, ok }) => [group, ok])).toEqual([
      ['ios', false],
      ['android', false],
      ['web', true],
    ]);
  });

  it('is corrected for looking at many groups', () => {
    const slightlyOff = { group: 'day 1', arms: even(5_170, 4_830) };
    const days = Array.from({ length: 30 }, (_, day) => ({
      group: `day ${day + 2}`,
      arms: even(5_000, 5_000),
    }));

    expect(sampleRatioBy([slightlyOff])[0]?.ok).toBe(false);
    expect(sampleRatioBy([slightlyOff, ...days])[0]).toMatchObject({ ok: true });
  });
});
