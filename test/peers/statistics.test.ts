import { beforeAll, describe, expect, it } from 'vitest';
import { benjaminiHochberg } from '../../experiments/analysis/benjamini-hochberg.ts';
import { probabilityBest } from '../../experiments/analysis/best-arm.ts';
import { betaPosterior } from '../../experiments/analysis/beta-posterior.ts';
import { type ComparisonOptions, compareArms } from '../../experiments/analysis/comparison.ts';
import { cupedMeans } from '../../experiments/analysis/cuped.ts';
import { heterogeneity } from '../../experiments/analysis/heterogeneity.ts';
import { holm } from '../../experiments/analysis/holm.ts';
import type { JointMoments } from '../../experiments/analysis/joint-moments.ts';
import { equalShares, wilsonInterval } from '../../experiments/analysis/proportions.ts';
import { fixedQuantileRanks } from '../../experiments/analysis/quantile.ts';
import { ratioMoments } from '../../experiments/analysis/ratio.ts';
import { sampleRatio } from '../../experiments/analysis/sample-ratio.ts';
import { sequentialSampleRatio } from '../../experiments/analysis/sequential-sample-ratio.ts';
import { jointMomentsOf } from '../support/joint-moments-of.ts';
import { pythonEnvironment, runPython } from '../support/python-environment.ts';
import { samplers } from '../support/samplers.ts';

const { python, missing } = pythonEnvironment('statistics-2026-11', {
  packages: [
    'gbstats==0.8.0',
    'scipy==1.17.1',
    'statsmodels==0.15.0',
    'ssrm-test==0.1.5',
    'numpy==1.26.4',
    'pandas==1.5.3',
  ],
  imports: 'gbstats, scipy, statsmodels, ssrm_test',
});

/** The same questions, put to GrowthBook's engine, statsmodels, scipy and Optimizely's sample-ratio test. */
const SCRIPT = `
import json, sys
import numpy as np
import scipy.stats as st
from scipy.integrate import quad
import statsmodels.api as sm
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint, proportions_chisquare
from gbstats.models.statistics import SampleMeanStatistic, RatioStatistic, RegressionAdjustedStatistic
from gbstats.frequentist.tests import TwoSidedTTest, SequentialTwoSidedTTest, FrequentistConfig, SequentialConfig
from ssrm_test.ssrm_test import sequential_posteriors

given = json.load(sys.stdin)
arms = [np.array(rows, dtype=float) for rows in given['arms']]

def mean_of(x):
    return SampleMeanStatistic(n=len(x), sum=x.sum(), sum_squares=(x * x).sum())

def ratio_of(rows):
    return RatioStatistic(n=len(rows), m_statistic=mean_of(rows[:, 0]), d_statistic=mean_of(rows[:, 1]), m_d_sum_of_products=(rows[:, 0] * rows[:, 1]).sum())

def adjusted_of(rows):
    return RegressionAdjustedStatistic(n=len(rows), post_statistic=mean_of(rows[:, 0]), pre_statistic=mean_of(rows[:, 2]), post_pre_sum_of_products=(rows[:, 0] * rows[:, 2]).sum(), theta=given['theta'])

def answer(test):
    # GrowthBook takes theta from both arms pooled, effect and all; the same theta is asked about.
    for stat in (test.stat_a, test.stat_b):
        if isinstance(stat, RegressionAdjustedStatistic):
            stat.theta = given['theta']
    found = test.compute_result()
    return {'estimate': found.expected, 'interval': list(found.ci), 'p': found.p_value}

def asked(make, kind):
    a, b = make(arms[0]), make(arms[1])
    return {
        'one look': answer(TwoSidedTTest(a, b, FrequentistConfig(difference_type=kind))),
        'always-valid': answer(SequentialTwoSidedTTest(a, b, SequentialConfig(difference_type=kind, sequential_tuning_parameter=5000))),
    }

# Clustered: one row per event, the unit's level repeated; OLS on a constant with CR1.
values, groups = [], []
for unit, events in enumerate(given['events']):
    values += events
    groups += [unit] * len(events)
fit = sm.OLS(values, np.ones(len(values))).fit(cov_type='cluster', cov_kwds={'groups': np.array(groups), 'use_correction': False})
g = len(given['events'])

betas = [st.beta(a, b) for a, b in given['betas']]
def best(i):
    others = [betas[j] for j in range(len(betas)) if j != i]
    return quad(lambda x: betas[i].pdf(x) * np.prod([other.cdf(x) for other in others]), 0, 1, points=[beta.mean() for beta in betas], limit=500)[0]

meta = combine_effects(np.array(given['effects']), np.array(given['errors']) ** 2)
ranks = given['quantile']
# scipy's confidence interval of a quantile inverts the binomial (sign) test, as ours.
interval = st.quantile_test(np.arange(1, ranks['n'] + 1), p=ranks['level']).confidence_interval(1 - ranks['alpha'])
chi2, p, _ = proportions_chisquare(given['successes'], given['ns'])
bayes = sequential_posteriors(np.array(given['counts']), np.array(given['shares']), dirichlet_concentration=1000)

print(json.dumps({
    'mean': {kind: asked(lambda rows: mean_of(rows[:, 0]), kind) for kind in ('absolute', 'relative')},
    'ratio': {kind: asked(ratio_of, kind) for kind in ('absolute', 'relative')},
    'cuped': {kind: asked(adjusted_of, kind) for kind in ('absolute',)},
    'clustered': {'mean': fit.params[0], 'variance': fit.cov_params()[0, 0] * g / (g - 1)},
    'holm': multipletests(given['ps'], method='holm')[1].tolist(),
    'bh': multipletests(given['ps'], method='fdr_bh')[1].tolist(),
    'wilson': [list(proportion_confint(s, n, method='wilson')) for s, n in zip(given['successes'], given['ns'])],
    'shares': {'chi2': chi2, 'p': p},
    'best': [best(i) for i in range(len(betas))],
    'q': meta.q,
    'ranks': [interval.low, interval.high],
    'chisquare': list(st.chisquare(np.sum(given['counts'], axis=0), np.array(given['shares']) * np.sum(given['counts']))),
    'logBayes': bayes[-1]['log_bayes_factor'],
}, default=float))
`;

interface Answer {
  readonly estimate: number;
  readonly interval: readonly [number, number];
  readonly p: number;
}
type Asked = Readonly<Record<'absolute' | 'relative', Readonly<Record<'one look' | 'always-valid', Answer>>>>;
interface Answers {
  readonly mean: Asked;
  readonly ratio: Asked;
  readonly cuped: Asked;
  readonly clustered: { readonly mean: number; readonly variance: number };
  readonly holm: readonly number[];
  readonly bh: readonly number[];
  readonly wilson: readonly (readonly [number, number])[];
  readonly shares: { readonly chi2: number; readonly p: number };
  readonly best: readonly number[];
  readonly q: number;
  readonly ranks: readonly [number, number];
  readonly chisquare: readonly [number, number];
  readonly logBayes: number;
}

const draw = samplers(81);
/** Per unit: a total, a count, and the total of the same unit before. */
const unit = (effect: number) => {
  const level = draw.exponential(1);
  const count = 1 + draw.poisson(3);
  return [count * (level + effect) + draw.exponential(1), count, 4 * level + draw.exponential(1)] as const;
};
const arms = [0, 0.1].map((effect) => Array.from({ length: 3_000 }, () => unit(effect)));
const events = Array.from({ length: 200 }, () => {
  const level = draw.normal();
  return Array.from({ length: 1 + draw.poisson(4) }, () => level + draw.normal());
});
const QUESTIONS = {
  events,
  ps: Array.from({ length: 12 }, () => draw.uniform() ** 4),
  successes: [8, 15, 81, 0],
  ns: [10, 148, 263, 20],
  betas: [
    [51, 951],
    [61, 941],
    [70, 932],
  ],
  effects: [0.2, 0.5, 0.1, 0.4],
  errors: [0.1, 0.2, 0.1, 0.3],
  quantile: { n: 731, level: 0.9, alpha: 0.05 },
  counts: [
    [410, 390, 210],
    [380, 405, 190],
    [400, 420, 170],
  ],
  shares: [0.4, 0.4, 0.2],
};

describe.skipIf(missing !== null)(
  `statistics beside published implementations${missing === null ? '' : ` (skipped: ${missing})`}`,
  () => {
    let answers: Answers;
    const [control, variant] = arms.map((rows) => jointMomentsOf(rows));
    if (control === undefined || variant === undefined) throw new Error('two arms');
    const pick = ({ n, means, covariances }: JointMoments, places: readonly [number, number]) => ({
      n,
      means: [means[places[0]] ?? 0, means[places[1]] ?? 0] as const,
      covariances: places.map((i) => places.map((j) => covariances[i]?.[j] ?? 0)),
    });
    const cuped = cupedMeans([pick(control, [0, 2]), pick(variant, [0, 2])]);

    beforeAll(async () => {
      answers = (await runPython(python, SCRIPT, { ...QUESTIONS, arms, theta: cuped.theta })) as Answers;
    });

    const METHODS: [keyof Asked['absolute'], ComparisonOptions['method']][] = [
      ['one look', { kind: 'fixed-horizon' }],
      ['always-valid', { kind: 'always-valid', tunedAt: 5_000 }],
    ];

    it.each(METHODS)('agrees with GrowthBook on means, ratios and CUPED: %s', (name, method) => {
      const means = [control, variant].map(({ n, means: [mean], covariances }) => ({
        n,
        mean,
        variance: covariances[0]?.[0] ?? 0,
      }));
      const ratios = [control, variant].map((joint) => ratioMoments(pick(joint, [0, 1])));
      for (const [key, moments] of [
        ['mean', means],
        ['ratio', ratios],
        ['cuped', cuped.arms],
      ] as const) {
        const [a, b] = moments;
        if (a === undefined || b === undefined) throw new Error('two arms');
        const found = compareArms(
          { key: 'a', moments: a },
          { key: 'b', moments: b },
          { alpha: 0.05, method },
        );
        expectLike(found.absolute, answers[key].absolute[name]);
        expect(Math.abs(found.p - answers[key].absolute[name].p)).toBeLessThan(1e-9);
        if (key !== 'cuped' && found.lift !== null) expectLike(found.lift, answers[key].relative[name]);
      }
    });

    it('agrees with statsmodels on a cluster-robust mean', () => {
      const rows = events.map((each) => [each.reduce((sum, value) => sum + value, 0), each.length] as const);
      const { n, mean, variance } = ratioMoments(jointMomentsOf(rows));

      expect(mean).toBeCloseTo(answers.clustered.mean, 10);
      expect(variance / n / answers.clustered.variance).toBeCloseTo(1, 9);
    });

    it('agrees with statsmodels on Holm, Benjamini–Hochberg, Wilson, equal shares and Cochran', () => {
      const { ps, successes, ns, effects, errors } = QUESTIONS;
      const shares = successes.map((count, index) => ({ successes: count, n: ns[index] ?? 0 }));
      const segments = effects.map((estimate, index) => ({
        segment: `${index}`,
        effect: { estimate, standardError: errors[index] ?? 0 },
        n: 1_000,
      }));

      expectAll(holm(ps), answers.holm);
      expectAll(benjaminiHochberg(ps), answers.bh);
      expectAll(
        shares.flatMap((share) => wilsonInterval(share, 0.05)),
        answers.wilson.flat(),
      );
      expectAll([equalShares(shares).chi2, equalShares(shares).p], [answers.shares.chi2, answers.shares.p]);
      expectAll([heterogeneity(segments, { alpha: 0.05, tunedAt: 5_000 }).q], [answers.q]);
    });

    it('agrees with scipy on chi-square, quantile ranks and the best of three Betas', () => {
      const { counts, shares, quantile, betas } = QUESTIONS;
      const totals = shares.map((weight, arm) => ({
        weight,
        units: counts.reduce((sum, row) => sum + (row[arm] ?? 0), 0),
      }));
      const { chi2, p } = sampleRatio(totals);
      const { lower, upper } = fixedQuantileRanks(quantile);
      const posteriors = betas.map(([a = 0, b = 0]) => betaPosterior({ successes: a - 1, n: a + b - 2 }));

      expectAll([chi2, p], answers.chisquare);
      expect([lower, upper]).toEqual(answers.ranks);
      expectAll(probabilityBest(posteriors), answers.best, 1e-7);
    });

    it("agrees with Optimizely's sequential sample-ratio test", () => {
      const { counts, shares } = QUESTIONS;
      const totals = shares.map((weight, arm) => ({
        weight,
        units: counts.reduce((sum, row) => sum + (row[arm] ?? 0), 0),
      }));

      expectAll([sequentialSampleRatio([totals]).logEvidence], [answers.logBayes], 1e-8);
    });
  },
);

function expectLike(
  found: { estimate: number; interval: readonly [number, number] | null },
  wanted: Answer,
): void {
  expectAll([found.estimate, ...(found.interval ?? [])], [wanted.estimate, ...wanted.interval]);
}

function expectAll(found: readonly number[], wanted: readonly number[], tolerance = 1e-9): void {
  expect(found).toHaveLength(wanted.length);
  for (const [index, value] of found.entries())
    expect(Math.abs(value - (wanted[index] ?? Number.NaN))).toBeLessThan(tolerance);
}
