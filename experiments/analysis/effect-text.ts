import type { Comparison, EstimatedEffect } from './comparison.ts';
import type { MetricResult } from './metric-result.ts';

const INTERVAL: Readonly<Record<Comparison['method'], string>> = {
  'always-valid': 'always-valid interval',
  'fixed-horizon': 'interval at one look',
  'group-sequential': 'repeated interval',
  bayesian: 'credible interval',
};

/** `top-rating is 8.1% higher in treatment than in control (always-valid interval 3.0% to 13.2%)`. */
export function effectText({ key, kind }: MetricResult, comparison: Comparison): string {
  const { variant, control, absolute, lift, method } = comparison;
  const relative = lift !== null && lift.interval !== null;
  const effect: EstimatedEffect = relative ? lift : absolute;
  const format = relative ? percent : kind === 'proportion' ? points : figure;
  const interval =
    effect.interval === null
      ? 'no interval yet'
      : `${INTERVAL[method]} ${effect.interval.map(format).join(' to ')}`;
  if (effect.estimate === 0) return `${key} is the same in ${variant} as in ${control} (${interval})`;
  const way = effect.estimate > 0 ? 'higher' : 'lower';
  return `${key} is ${format(Math.abs(effect.estimate))} ${way} in ${variant} than in ${control} (${interval})`;
}

/** Half the width of the interval: an effect smaller than about that cannot be seen yet. Null without an interval. */
export function reachText({ kind }: MetricResult, { absolute, lift }: Comparison): string | null {
  const relative = lift !== null && lift.interval !== null;
  const { interval } = relative ? lift : absolute;
  if (interval === null) return null;
  const format = relative ? percent : kind === 'proportion' ? points : figure;
  return format((interval[1] - interval[0]) / 2);
}

const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
const points = (share: number) => `${figure(100 * share)} points`;
const figure = (value: number) => value.toLocaleString('en', { maximumSignificantDigits: 3 });
