import { betaPosterior } from './analysis/beta-posterior.ts';
import { LEAST_UNITS } from './analysis/comparison.ts';
import type { MetricResult } from './analysis/metric-result.ts';
import { normalPosterior } from './analysis/normal-posterior.ts';
import type { Posterior } from './analysis/posterior.ts';
import { thompsonWeights } from './analysis/thompson-weights.ts';
import type { KeptExperiment } from './experiment-status.ts';
import { reweigh, reweighIssue } from './reweigh.ts';
import { joined } from './slots.ts';

/** Whether a bandit's weights are to be set again. */
export function isBanditDue({ experiment, state, status }: KeptExperiment, now: string): boolean {
  const since = status.banditAt ?? status.startedAt;
  if (experiment.bandit === undefined || state !== 'running' || since === undefined) return false;
  return Date.parse(since) + experiment.bandit.cadenceMinutes * 60_000 <= Date.parse(now);
}

/**
 * Weights by what the variants have achieved, each unit drawn anew only as far as the weights demand; null while any
 * variant with weight has too few units to say anything, or the hash does not allow it.
 */
export function banditStep(
  kept: KeptExperiment,
  now: string,
  rewards: readonly MetricResult[] | null,
): { readonly action: string; readonly kept: KeptExperiment } | null {
  const { experiment, status } = kept;
  const { bandit, variants } = experiment;
  const reward = rewards?.find(({ key }) => key === bandit?.metric);
  if (bandit === undefined || reward === undefined || !isBanditDue(kept, now)) return null;
  // What was dropped stays dropped.
  const live = variants.filter(({ weight }) => weight > 0);
  const arms = live.map(({ key }) => reward.variants.find((arm) => arm.key === key));
  if (reweighIssue(experiment) !== null || arms.some((arm) => (arm?.n ?? 0) < LEAST_UNITS)) return null;
  const posteriors = arms.flatMap((arm) => (arm === undefined ? [] : [rewardPosterior(arm, reward.kind)]));
  const { direction } = reward;
  const weights = thompsonWeights(posteriors, { direction, floorBp: bandit.floor });
  const weightOf = new Map(live.map(({ key }, index) => [key, weights[index] ?? 0]));
  const dealt = reweigh(
    variants,
    variants.map((variant) => ({ ...variant, weight: weightOf.get(variant.key) ?? 0 })),
  );
  return {
    action: 'bandit-weights',
    kept: {
      ...kept,
      experiment: { ...experiment, variants: [...dealt.variants] },
      status: { ...status, banditAt: now, moved: joined([...status.moved, ...dealt.moved]) },
    },
  };
}

type Arm = MetricResult['variants'][number];

/**
 * What to believe of an arm's reward, with a flat prior. The units of a share vary by p(1 − p) at most; an estimate over
 * weights that followed the outcomes is less certain than that, and may lie outside [0, 1].
 */
export function rewardPosterior(
  { n, mean, standardDeviation }: Omit<Arm, 'key'>,
  kind: MetricResult['kind'],
): Posterior {
  const ofUnits = standardDeviation ** 2 <= mean * (1 - mean) * (1 + ROUNDING);
  return kind === 'proportion' && ofUnits
    ? betaPosterior({ successes: mean * n, n })
    : normalPosterior({ estimate: mean, standardError: standardDeviation / Math.sqrt(n) }, null);
}

const ROUNDING = 1e-9;
