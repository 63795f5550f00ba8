import { describe, expect, it } from 'vitest';
import { novelty } from '../../../experiments/analysis/novelty.ts';
import { jointMomentsOf } from '../../support/joint-moments-of.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const DAYS = [0, 1, 2, 3];

/** Each unit: a level of its own, and the effect on each day. */
function arm(effects: readonly number[], seed: number) {
  const random = seededRandom(seed);
  const units = Array.from({ length: 2_000 }, () => {
    const level = 10 * random();
    return effects.map((effect) => level + effect + random());
  });
  const moments = (values: readonly number[]) => {
    const joint = jointMomentsOf(values.map((value) => [value] as const));
    return { n: joint.n, mean: joint.means[0], variance: joint.covariances[0]?.[0] ?? 0 };
  };
  const slopeOf = (values: readonly number[]) =>
    values.reduce((sum, value, day) => sum + (day - 1.5) * value, 0) / 5;
  return {
    days: DAYS.map((day) => moments(units.map((unit) => unit[day] ?? 0))),
    slopes: moments(units.map(slopeOf)),
  };
}

function noveltyOf(effects: readonly number[]) {
  const [control, variant] = [arm([0, 0, 0, 0], 1), arm(effects, 2)];
  const days = DAYS.map((day) => ({
    day,
    control: control.days[day] ?? control.slopes,
    variant: variant.days[day] ?? variant.slopes,
  }));
  return novelty(
    { days, slopes: { control: control.slopes, variant: variant.slopes } },
    { alpha: 0.05, method: { kind: 'always-valid', tunedAt: 5_000 } },
  );
}

describe('novelty', () => {
  it('is an effect that wears off, seen through differences between units that are far larger', () => {
    const { days, trend } = noveltyOf([0.6, 0.4, 0.2, 0]);

    expect(trend.significant).toBe(true);
    expect(trend.absolute.estimate).toBeCloseTo(-0.2, 1);
    expect(days.map(({ day }) => day)).toEqual(DAYS);
    expect((days[0]?.absolute.estimate ?? 0) - (days[3]?.absolute.estimate ?? 0)).toBeCloseTo(0.6, 1);
  });

  it('is not an effect that stays', () => {
    expect(noveltyOf([0.4, 0.4, 0.4, 0.4]).trend).toMatchObject({ significant: false });
  });
});
