import { describe, expect, it } from 'vitest';
import { meanGuardrail } from '../../experiments/analysis/mean-guardrail.ts';
import { shareGuardrail } from '../../experiments/analysis/share-guardrail.ts';
import { RunningMoments } from '../support/running-moments.ts';
import { type Samplers, samplers } from '../support/samplers.ts';
import { average, errorBar, report } from '../support/simulation.ts';

const ALPHA = 0.01;
const NONE = { absolute: 0, relative: 0 };
const BUILT_IN = { absolute: 0.001, relative: 0 };

/** Requests over both arms until a breach is called, looking after every tenth; infinite when none is within `most`. */
function requestsUntil(most: number, step: (request: number) => void, breached: () => boolean): number {
  for (let request = 1; request <= most; request += 1) {
    step(request);
    if (request % 10 === 0 && breached()) return request;
  }
  return Number.POSITIVE_INFINITY;
}

/** Error counters of a gateway; `rate` says how likely each request is to fail. */
function errorRun(
  { bernoulli, uniform }: Samplers,
  {
    most,
    rate,
    tolerance,
  }: { most: number; rate: (variant: boolean, request: number) => number; tolerance: typeof NONE },
): number {
  const counters = { control: { successes: 0, n: 0 }, variant: { successes: 0, n: 0 } };
  return requestsUntil(
    most,
    (request) => {
      const isVariant = uniform() < 0.5;
      const arm = isVariant ? counters.variant : counters.control;
      arm.n += 1;
      arm.successes += bernoulli(rate(isVariant, request));
    },
    () => shareGuardrail([counters], tolerance, ALPHA).breached,
  );
}

function runs(count: number, run: () => number): { breached: number; delay: number } {
  const found = Array.from({ length: count }, run);
  const stopped = found.filter(Number.isFinite);
  return { breached: stopped.length / count, delay: average(stopped) };
}

describe('the guardrail on errors, looked at after every tenth request', () => {
  it.each([
    ['one share of errors', () => 0.02],
    [
      'an outage that hits both arms',
      (_variant: boolean, request: number) => (request % 1_000 < 100 ? 0.4 : 0.01),
    ],
  ] as [string, (variant: boolean, request: number) => number][])(
    'alarms at most at its level where nothing is wrong: %s',
    (name, rate) => {
      const draw = samplers(51);
      const { breached } = runs(300, () => errorRun(draw, { most: 3_000, rate, tolerance: NONE }));
      report(`guardrail on errors, ${name}, 300 looks`, { 'false alarms': breached, level: ALPHA });

      expect(breached).toBeLessThanOrEqual(ALPHA + errorBar(ALPHA, 300));
    },
  );

  it.each([
    [0.01, 1, 100],
    [0.01, 0.5, 200],
    [0.01, 0.1, 2_000],
    [0.01, 0.03, 20_000],
  ])('finds that errors rose from %s to %s soon', (before, after, most) => {
    const draw = samplers(52);
    const rate = (variant: boolean) => (variant ? after : before);
    const { breached, delay } = runs(100, () => errorRun(draw, { most, rate, tolerance: BUILT_IN }));
    report(`guardrail on errors, ${before} to ${after}`, {
      found: breached,
      'mean requests until found': delay,
      within: most,
    });

    expect(breached).toBeGreaterThan(0.98);
  });
});

describe('the guardrail on a mean, looked at after every tenth request', () => {
  const meanRun = ({ lognormal, uniform }: Samplers, factor: number, most: number) => {
    const [control, variant] = [new RunningMoments(), new RunningMoments()];
    return requestsUntil(
      most,
      () => (uniform() < 0.5 ? control.add(40 * lognormal(0.7)) : variant.add(factor * 40 * lognormal(0.7))),
      () =>
        meanGuardrail(
          { control: control.moments, variant: variant.moments, direction: 'decrease', tunedAt: 2_000 },
          factor === 1 ? NONE : { absolute: 2, relative: 0.1 },
          ALPHA,
        ).breached,
    );
  };

  it('alarms at most at its level where nothing is wrong', () => {
    const draw = samplers(53);
    const { breached } = runs(1_000, () => meanRun(draw, 1, 5_000));
    report('guardrail on latency, lognormal, 500 looks', { 'false alarms': breached, level: ALPHA });

    expect(breached).toBeLessThanOrEqual(ALPHA + errorBar(ALPHA, 1_000));
  });

  it.each([
    [1.5, 2_000],
    [1.25, 10_000],
  ])('finds that latency rose by a factor of %s', (factor, most) => {
    const draw = samplers(54);
    const { breached, delay } = runs(100, () => meanRun(draw, factor, most));
    report(`guardrail on latency, times ${factor}, tolerance 10%`, {
      found: breached,
      'mean requests until found': delay,
      within: most,
    });

    expect(breached).toBeGreaterThan(0.98);
  });
});
