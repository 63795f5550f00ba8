import { describe, expect, it } from 'vitest';
import { type Arm, type ComparisonOptions, compareArms } from '../../experiments/analysis/comparison.ts';
import type { JointMoments, Pair } from '../../experiments/analysis/joint-moments.ts';
import { equalSharesP } from '../../experiments/analysis/proportion-difference.ts';
import { ratioMoments } from '../../experiments/analysis/ratio.ts';
import { RunningMoments } from '../support/running-moments.ts';
import { type Samplers, samplers } from '../support/samplers.ts';
import { errorBar, growingLooks, report, shareOf } from '../support/simulation.ts';

const ALPHA = 0.05;
const LOOKS = growingLooks(100, 10_000);
const ALWAYS_VALID: ComparisonOptions = { alpha: ALPHA, method: { kind: 'always-valid', tunedAt: 5_000 } };
const ONE_LOOK: ComparisonOptions = { alpha: ALPHA, method: { kind: 'fixed-horizon' } };

/** A stream of units of one arm, and what it says so far. */
interface Stream {
  add: () => void;
  arm: () => Arm;
}

function meanStream(draw: () => number): Stream {
  const moments = new RunningMoments();
  return { add: () => moments.add(draw()), arm: () => ({ key: 'arm', moments: moments.moments }) };
}

/** Units with several sessions each, alike within a unit: the metric is the mean over sessions. */
function clusteredStream({ poisson, exponential, uniform }: Samplers): Stream {
  const [sums, products] = [
    [0, 0],
    [0, 0, 0],
  ];
  let n = 0;
  return {
    add: () => {
      const sessions = 1 + poisson(3);
      const level = exponential(1);
      let total = 0;
      for (let session = 0; session < sessions; session += 1) total += level + uniform();
      n += 1;
      sums[0] = (sums[0] ?? 0) + total;
      sums[1] = (sums[1] ?? 0) + sessions;
      for (const [index, product] of [total * total, total * sessions, sessions * sessions].entries())
        products[index] = (products[index] ?? 0) + product;
    },
    arm: () => ({ key: 'arm', moments: ratioMoments(jointOf(n, sums, products)) }),
  };
}

function jointOf(n: number, sums: readonly number[], products: readonly number[]): JointMoments<Pair> {
  const [a = 0, b = 0] = sums.map((sum) => sum / n);
  const [aa = 0, ab = 0, bb = 0] = products;
  const covariance = (product: number, left: number, right: number) => (product - n * left * right) / (n - 1);
  return {
    n,
    means: [a, b],
    covariances: [
      [covariance(aa, a, a), covariance(ab, a, b)],
      [covariance(ab, a, b), covariance(bb, b, b)],
    ],
  };
}

/** Whether any look at two streams of the same kind calls them different. */
function everSignificant(
  streams: readonly [Stream, Stream],
  { looks = LOOKS, ...options }: ComparisonOptions & { readonly looks?: readonly number[] },
): boolean {
  let seen = 0;
  for (const look of looks) {
    for (; seen < look; seen += 1) for (const stream of streams) stream.add();
    if (compareArms(streams[0].arm(), streams[1].arm(), options).significant) return true;
  }
  return false;
}

describe(`A against A, looked at ${LOOKS.length} times`, () => {
  const RUNS = 1_000;
  const kinds: [string, (draw: Samplers) => () => Stream][] = [
    [
      'a share of 0.3',
      ({ bernoulli }) =>
        () =>
          meanStream(() => bernoulli(0.3)),
    ],
    [
      'a share of 0.02',
      ({ bernoulli }) =>
        () =>
          meanStream(() => bernoulli(0.02)),
    ],
    [
      'exponential',
      ({ exponential }) =>
        () =>
          meanStream(() => exponential(1)),
    ],
    [
      'lognormal, sigma 1.5',
      ({ lognormal }) =>
        () =>
          meanStream(() => lognormal(1.5)),
    ],
    [
      'Pareto, shape 2.5',
      ({ pareto }) =>
        () =>
          meanStream(() => pareto(2.5)),
    ],
  ];

  it.each(kinds)('is called different at most alpha of the time: %s', (name, streamOf) => {
    const stream = streamOf(samplers(1));
    const share = shareOf(RUNS, () => everSignificant([stream(), stream()], ALWAYS_VALID));
    report(`A/A, always-valid, ${name}`, { 'false positives': share, runs: RUNS });

    expect(share).toBeLessThanOrEqual(ALPHA + errorBar(ALPHA, RUNS));
    // An interval that never errs decides nothing.
    expect(share).toBeGreaterThan(0.002);
  });

  it('is called different at most alpha of the time: a mean over sessions where users were drawn', () => {
    const draw = samplers(4);
    const share = shareOf(300, () =>
      everSignificant([clusteredStream(draw), clusteredStream(draw)], ALWAYS_VALID),
    );
    report('A/A, always-valid, mean over sessions of users', { 'false positives': share, runs: 300 });

    expect(share).toBeLessThanOrEqual(ALPHA + errorBar(ALPHA, 300));
  });

  it.each([
    ['lognormal, sigma 1.5', ({ lognormal }: Samplers) => lognormal(1.5)],
    ['Pareto, shape 2.5', ({ pareto }: Samplers) => pareto(2.5)],
  ])('is called different at most alpha of the time on the first step of a ramp, at 5%%: %s', (name, of) => {
    const draw = samplers(5);
    // Nineteen units of the control to each of the variant.
    const control = () => {
      const moments = new RunningMoments();
      const add = () => {
        for (let unit = 0; unit < 19; unit += 1) moments.add(of(draw));
      };
      return { add, arm: () => ({ key: 'control', moments: moments.moments }) };
    };
    const looks = growingLooks(100, 2_000);
    const share = shareOf(400, () =>
      everSignificant([control(), meanStream(() => of(draw))], { ...ALWAYS_VALID, looks }),
    );
    report(`A/A at 5%, always-valid, ${name}, 100 to 2,000 units of the variant`, {
      'false positives': share,
      runs: 400,
    });

    expect(share).toBeLessThanOrEqual(ALPHA + errorBar(ALPHA, 400));
  });

  it('is called different far more often by a test for one look', () => {
    const { exponential } = samplers(2);
    const stream = () => meanStream(() => exponential(1));
    const share = shareOf(500, () => everSignificant([stream(), stream()], ONE_LOOK));
    report('A/A, one-look test at every look, exponential', { 'false positives': share, runs: 500 });

    expect(share).toBeGreaterThan(4 * ALPHA);
  });

  it.each([0.3, 0.01])(
    'is called different by the exact sequence at most alpha of the time, from the first unit on: %s',
    (p) => {
      const { bernoulli } = samplers(3);
      const looks = growingLooks(1, 5_000);
      const share = shareOf(RUNS, () => {
        const [control, variant] = [
          { successes: 0, n: 0 },
          { successes: 0, n: 0 },
        ];
        return looks.some((look) => {
          for (; control.n < look; control.n += 1, variant.n += 1) {
            control.successes += bernoulli(p);
            variant.successes += bernoulli(p);
          }
          return equalSharesP(control, variant) < ALPHA;
        });
      });
      report(`A/A, exact sequence, share of ${p}, ${looks.length} looks from the first unit on`, {
        'false positives': share,
        runs: RUNS,
      });

      expect(share).toBeLessThanOrEqual(ALPHA + errorBar(ALPHA, RUNS));
    },
  );
});
