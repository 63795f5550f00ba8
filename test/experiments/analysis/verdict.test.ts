import { describe, expect, it } from 'vitest';
import type { MetricResult } from '../../../experiments/analysis/metric-result.ts';
import { type Moments, proportionMoments, withVarianceFloor } from '../../../experiments/analysis/moments.ts';
import { sampleRatio } from '../../../experiments/analysis/sample-ratio.ts';
import { sampleRatioBy } from '../../../experiments/analysis/sample-ratio-by.ts';
import { type Progress, verdictOf } from '../../../experiments/analysis/verdict.ts';
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
