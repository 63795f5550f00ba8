import { describe, expect, it } from 'vitest';
import type { MetricResult } from '../../../experiments/analysis/metric-result.ts';
import { type Moments, proportionMoments, withVarianceFloor } from '../../../experiments/analysis/moments.ts';
import { sampleRatio } from '../../../experiments/analysis/sample-ratio.ts';
import { sampleRatioBy } from '../../../experiments/analysis/sample-ratio-by.ts';
import { verdictOf } from '../../../experiments/analysis/verdict.ts';
import type { Progress } from '../../../experiments/analysis/verdict-notes.ts';
import { metricResult } from '../../support/metric-results.ts';

const even = sampleRatio([
  { units: 1_000, weight: 1 },
  { units: 1_010, weight: 1 },
]);
const rate = (successes: number, n = 2_000) => withVarianceFloor(proportionMoments(successes, n));
const latencyOf = (mean: number): Moments => ({ n: 2_000, mean, variance: 4 });

const better = metricResult({ moments: { control: rate(600), treatment: rate(800) } });
const worse = metricResult({ moments: { control: rate(800), treatment: rate(600) } });
const alike = metricResult({ moments: { control: rate(700), treatment: rate(705) } });
const errors = (control: number, treatment: number) =>
  metricResult({
    key: 'error-rate',
    role: 'guardrail',
    direction: 'decrease',
    moments: { control: rate(control), treatment: rate(treatment) },
  });
const latency = (control: number, treatment: number) =>
  metricResult({
    key: 'latency',
    role: 'guardrail',
    kind: 'mean',
    direction: 'decrease',
    moments: { control: latencyOf(control), treatment: latencyOf(treatment) },
  });
const judge = (...metrics: MetricResult[]) => verdictOf({ sampleRatio: even, metrics, excludedUnits: 0 });

describe('the verdict', () => {
  it('ships a variant that is better and harms nothing', () => {
    const { decision, variant, sentence } = judge(better, errors(4, 5), latency(40, 42));

    expect({ decision, variant }).toEqual({ decision: 'ship', variant: 'treatment' });
    expect(sentence).toMatch(
      /^Ship treatment: top-rating is 33\.3% higher in treatment than in control \(always-valid interval \d+\.\d% to \d+\.\d%\), and no guardrail is breached\.$/,
    );
  });

  it('rolls back a variant that is worse', () => {
    const { decision, variant, sentence } = judge(worse);

    expect({ decision, variant }).toEqual({ decision: 'roll-back', variant: null });
    expect(sentence).toContain('Roll back: top-rating is 25.0% lower in treatment');
  });

  it('reads the direction of the metric', () => {
    const bounces = { ...better, direction: 'decrease' as const };

    expect(judge(bounces).decision).toBe('roll-back');
  });

  it('keeps running while the difference may be chance', () => {
    const { decision, sentence } = judge(alike);

    expect(decision).toBe('keep-running');
    expect(sentence).toContain('which may still be chance');
  });

  it('says that two variants are the same rather than 0% apart', () => {
    const same = metricResult({ moments: { control: rate(0), treatment: rate(0) } });

    expect(judge(same).sentence).toBe(
      'Keep running: top-rating is the same in treatment as in control (always-valid interval -0.152 points to 0.152 points), which may still be chance.',
    );
  });

  it('keeps running while there are too few units, and says how many it takes', () => {
    const few = metricResult({ moments: { control: rate(1, 60), treatment: rate(50, 70) } });

    expect(judge(few)).toMatchObject({
      decision: 'keep-running',
      sentence:
        'Keep running: top-rating has 60 units in the smaller of treatment and control; it takes 100 to say anything.',
    });
  });

  it.each([
    ['errors', errors(4, 120)],
    ['failing altogether', errors(0, 2_000)],
    ['latency', latency(40, 60)],
  ])('rolls back a better variant that breaches its guardrail: %s', (_name, guardrail) => {
    const { decision, reasons } = judge(better, guardrail);

    expect(decision).toBe('roll-back');
    expect(reasons[0]).toContain(`The guardrail ${guardrail.key} is breached`);
    expect(reasons[1]).toContain('top-rating');
  });

  it.each([
    ['more than 10% but under 10 ms', latency(4, 9)],
    ['more than 10 ms but under 10%', latency(400, 415)],
  ])('tolerates latency that is certainly but not much worse: %s', (_name, guardrail) => {
    expect(guardrail.comparisons[0]?.significant).toBe(true);
    expect(judge(better, guardrail).decision).toBe('ship');
  });

  it('tolerates what may be chance, however bad it looks', () => {
    const noisy = metricResult({
      key: 'latency',
      role: 'guardrail',
      kind: 'mean',
      direction: 'decrease',
      moments: {
        control: { n: 200, mean: 40, variance: 40_000 },
        treatment: { n: 200, mean: 60, variance: 40_000 },
      },
    });

    expect(judge(better, noisy).decision).toBe('ship');
  });

  it('reads the direction of a guardrail', () => {
    const kept = metricResult({
      key: 'kept',
      role: 'guardrail',
      moments: { control: rate(1_500), treatment: rate(1_000) },
    });
    const grown = metricResult({
      key: 'kept',
      role: 'guardrail',
      moments: { control: rate(1_000), treatment: rate(1_500) },
    });

    expect(judge(better, kept).decision).toBe('roll-back');
    expect(judge(better, grown).decision).toBe('ship');
  });

  it('trusts nothing after a sample-ratio mismatch', () => {
    const skewed = sampleRatio([
      { units: 5_000, weight: 1 },
      { units: 4_500, weight: 1 },
    ]);
    const verdict = verdictOf({ sampleRatio: skewed, metrics: [better], excludedUnits: 3 });

    expect(verdict).toMatchObject({ decision: 'untrusted', variant: null });
    expect(verdict.sentence).toContain('did not fall to the variants as the weights say');
    expect(verdict.reasons).toContain('3 units were seen in two variants and are left out.');
  });

  it('ships the best of several, past one that breaches', () => {
    const primary = metricResult({
      moments: { control: rate(600), good: rate(750), best: rate(800), broken: rate(900) },
    });
    const guardrail = metricResult({
      key: 'error-rate',
      role: 'guardrail',
      direction: 'decrease',
      moments: { control: rate(0), good: rate(1), best: rate(0), broken: rate(500) },
    });

    expect(judge(primary, guardrail)).toMatchObject({ decision: 'ship', variant: 'best' });
  });

  it('says so where nothing was named to be judged by', () => {
    expect(judge(errors(0, 0))).toMatchObject({
      decision: 'keep-running',
      sentence: 'The experiment has no primary metric: name one to get a verdict.',
    });
  });

  it('does not ship the luckiest of many variants', () => {
    const shipped = (keys: readonly string[]) => {
      const moments = Object.fromEntries(keys.map((key) => [key, rate(key === 'lucky' ? 798 : 700)]));
      return judge(metricResult({ moments }));
    };

    expect(shipped(['control', 'lucky'])).toMatchObject({ decision: 'ship', variant: 'lucky' });
    const among = shipped(['control', 'lucky', 'b', 'c', 'd', 'e']);
    expect(among.decision).toBe('keep-running');
    expect(among.reasons[0]).toContain('5 variants were tried, and one may look like this');
  });

  it('names a secondary metric that got worse, and does not go by it', () => {
    const { decision, reasons } = judge(better, { ...worse, key: 'kept', role: 'secondary' });

    expect(decision).toBe('ship');
    expect(reasons.join(' ')).toContain('Worse, though not what decides: kept is 25.0% lower in treatment');
  });

  it('trusts nothing after a mismatch that only the always-valid check, or one group, shows', () => {
    const input = { sampleRatio: even, metrics: [better], excludedUnits: 0 };
    const sequentialSampleRatio = { logEvidence: 9, p: 1e-4, ok: false };
    const groups = sampleRatioBy([
      { group: 'ios', arms: [5_500, 4_500].map((units) => ({ units, weight: 1 })) },
      { group: 'web', arms: [5_000, 5_000].map((units) => ({ units, weight: 1 })) },
    ]);
    const grouped = verdictOf({ ...input, sampleRatioGroups: [{ dimension: 'platform', groups }] });

    expect(verdictOf({ ...input, sequentialSampleRatio }).decision).toBe('untrusted');
    expect(grouped.decision).toBe('untrusted');
    expect(grouped.sentence).toContain('where platform is ios, units did not fall');
    expect(grouped.sentence).not.toContain('web');
  });

  it('notes an effect that differs by a dimension or changes with the days', () => {
    const found = { q: 20, df: 1, share: 0.9, p: 1e-5, sequentialP: 1e-4 };
    const { decision, reasons } = verdictOf({
      sampleRatio: even,
      metrics: [better],
      excludedUnits: 0,
      heterogeneity: [
        { ...found, dimension: 'country', adjustedP: 2e-4 },
        { ...found, dimension: 'platform', adjustedP: 0.3 },
      ],
      novelty: { absolute: { estimate: -0.1, interval: [-0.2, -0.05] }, p: 0.001, significant: true },
    });

    expect(decision).toBe('ship');
    expect(reasons.slice(-2)).toEqual([
      'The effect is not the same everywhere: it differs by country.',
      'The effect falls with the days since exposure.',
    ]);
  });

  it('says what it cannot see yet, and how long it will take', () => {
    const input = { sampleRatio: even, metrics: [alike], excludedUnits: 0 };
    const reasonsAt = (progress: Progress) => verdictOf({ ...input, progress }).reasons.join(' ');

    expect(reasonsAt({ units: 4_000, unitsNeeded: 31_000, daysLeft: 8.2 })).toMatch(
      /less than about \d+\.\d% cannot be told from chance\. The planned effect takes about 31,000 units; 4,000 are in \(about 9 more days\)\./,
    );
    expect(reasonsAt({ units: 40_000, unitsNeeded: 31_000, daysLeft: 0 })).toContain(
      'it would most likely have shown',
    );
    expect(reasonsAt({ units: 0, unitsNeeded: 31_000, daysLeft: null })).toContain('at no traffic, never');
  });

  it('names the kind of interval that it rests on', () => {
    const moments = { control: rate(600), treatment: rate(800) };
    const once = metricResult({ moments, method: { kind: 'fixed-horizon' } });
    const believed = metricResult({ moments, method: { kind: 'bayesian', prior: null } });

    expect(judge(once).sentence).toContain('(interval at one look ');
    expect(judge(believed).sentence).toContain('(credible interval ');
  });
});

describe('the sentence of the verdict, as things stand', () => {
  const standingAt = (state: 'draft' | 'paused' | 'stopped', metric: MetricResult, ratio = even) =>
    verdictOf({
      sampleRatio: ratio,
      metrics: [metric],
      excludedUnits: 0,
      standing: { of: 'experiment', state },
    });
  const skewed = sampleRatio([
    { units: 5_000, weight: 1 },
    { units: 4_000, weight: 1 },
  ]);
  const EFFECT = 'top-rating is 33.3% higher in treatment than in control';

  it('says of one that has not started that there is nothing to judge', () => {
    expect(standingAt('draft', alike)).toMatchObject({
      decision: 'keep-running',
      sentence: 'It has not started: there is nothing to judge yet.',
    });
  });

  it('does not tell a paused one to keep running', () => {
    const { decision, sentence } = standingAt('paused', alike);

    expect(decision).toBe('keep-running');
    expect(sentence).toMatch(
      /^Paused before the data could say: .* which may still be chance\. Resume it to learn more, or stop it\.$/,
    );
    expect(standingAt('paused', better).sentence).toMatch(/^Ship treatment: /);
  });

  it.each([
    [better, 'ship', `It has stopped, and the data say to ship treatment: ${EFFECT}`, 'still to be taken.'],
    [
      worse,
      'roll-back',
      'It has stopped, and the data say to roll back: top-rating is',
      'still to be taken.',
    ],
    [alike, 'inconclusive', 'It has stopped before the data could say: top-rating is', 'anew for longer.'],
  ])(
    'says of a stopped one what the data say, and that it is to be decided: %#',
    (metric, decision, begin, end) => {
      const verdict = standingAt('stopped', metric);

      expect(verdict.decision).toBe(decision);
      expect(verdict.sentence.startsWith(begin)).toBe(true);
      expect(verdict.sentence.endsWith(end)).toBe(true);
      expect(verdict.sentence).not.toContain('eep running');
    },
  );

  it('says of a stopped one that cannot be trusted, or judged, what to do about it', () => {
    expect(standingAt('stopped', better, skewed)).toMatchObject({
      decision: 'untrusted',
      sentence: expect.stringMatching(
        /^It has stopped, and its result cannot be trusted: units did not fall .* Find the cause before it is run anew\.$/,
      ),
    });
    expect(standingAt('stopped', { ...better, role: 'secondary' })).toMatchObject({
      decision: 'inconclusive',
      sentence: 'It has stopped, and there is nothing to judge it by.',
    });
  });

  it.each([
    ['ship', 'treatment', better, `treatment was shipped on 2026-11-20. The data agree: ${EFFECT}`],
    [
      'ship',
      'control',
      worse,
      'control was shipped on 2026-11-20. The data agree: top-rating is 25.0% lower',
    ],
    [
      'ship',
      'treatment',
      worse,
      'treatment was shipped on 2026-11-20. The data say otherwise, to roll back: top',
    ],
    [
      'ship',
      'treatment',
      alike,
      'treatment was shipped on 2026-11-20. The data could not say: top-rating is',
    ],
    [
      'roll-back',
      undefined,
      worse,
      'It was rolled back on 2026-11-20. The data agree: top-rating is 25.0% lower',
    ],
    [
      'roll-back',
      undefined,
      better,
      'It was rolled back on 2026-11-20. The data say otherwise, to ship treatment:',
    ],
    [
      'inconclusive',
      undefined,
      alike,
      'It was ended as inconclusive on 2026-11-20. The data could not say: top',
    ],
  ] as const)(
    'sets the decision that was taken beside the data: %s %s, %#',
    (kind, variant, metric, begin) => {
      const { sentence } = verdictOf({
        sampleRatio: even,
        metrics: [metric],
        excludedUnits: 0,
        standing: {
          of: 'experiment',
          state: 'archived',
          decision: {
            kind,
            by: 'ada',
            at: '2026-11-20T09:00:00.000Z',
            ...(variant === undefined ? {} : { variant }),
          },
        },
      });

      expect(sentence.slice(0, begin.length)).toBe(begin);
    },
  );

  it.each([
    [better, 'ship', 'What runs together helps: top-rating is 33.3% higher'],
    [worse, 'roll-back', 'What runs together does harm: top-rating is 25.0% lower'],
    [alike, 'keep-running', 'Keep holding out: top-rating is'],
  ])(
    'ships nothing of a holdout, and says what all experiments together do: %#',
    (metric, decision, begin) => {
      const verdict = verdictOf({
        sampleRatio: even,
        metrics: [metric],
        excludedUnits: 0,
        standing: { of: 'holdout' },
      });

      expect(verdict).toMatchObject({ decision, variant: null });
      expect(verdict.sentence.startsWith(begin)).toBe(true);
    },
  );

  it('asks for a metric of what has none', () => {
    const metrics = [errors(0, 0)];
    const { sentence } = verdictOf({
      sampleRatio: even,
      metrics,
      excludedUnits: 0,
      standing: { of: 'holdout' },
    });
    expect(sentence).toBe('The holdout has no primary metric: name one to get a verdict.');
  });
});

describe('the verdict on a halted variant', () => {
  const halts = [{ variant: 'treatment', reason: 'error-rate is 40 % in treatment and 1 % in control.' }];
  const judged = (metric: MetricResult) =>
    verdictOf({ sampleRatio: even, metrics: [metric], excludedUnits: 0, halts });

  it.each([
    ['better', better],
    ['open', alike],
  ])('rolls back, whatever the primary metric says: %s', (_name, metric) => {
    const { decision, variant, sentence, reasons } = judged(metric);

    expect({ decision, variant }).toEqual({ decision: 'roll-back', variant: null });
    expect(sentence).toBe(
      'Roll back: treatment is halted: error-rate is 40 % in treatment and 1 % in control.',
    );
    expect(reasons[1]).toContain('top-rating is');
  });

  it('goes on with the others', () => {
    const primary = metricResult({ moments: { control: rate(600), treatment: rate(900), other: rate(800) } });

    expect(judged(primary)).toMatchObject({ decision: 'ship', variant: 'other' });
  });
});
