import { type Comparison, type EstimatedEffect, LEAST_UNITS } from './comparison.ts';
import { isBreached } from './guardrail.ts';
import type { MetricResult } from './metric-result.ts';
import type { SampleRatio } from './sample-ratio.ts';

type Decision = 'ship' | 'roll-back' | 'keep-running' | 'untrusted';

export interface Verdict {
  readonly decision: Decision;
  /** The variant to ship; null unless the decision is `ship`. */
  readonly variant: string | null;
  /** The decision and what it rests on, for a person who reads nothing else. */
  readonly sentence: string;
  /** Everything that was weighed, in plain words, the weightiest first. */
  readonly reasons: readonly string[];
}

export interface VerdictInput {
  readonly sampleRatio: SampleRatio;
  readonly metrics: readonly MetricResult[];
  /** Units left out because they were seen in two variants. */
  readonly excludedUnits: number;
}

/** What became of one variant that is not the control. */
interface Trial {
  readonly variant: string;
  readonly comparison: Comparison;
  readonly state: 'better' | 'worse' | 'breached' | 'open';
  readonly reasons: readonly string[];
}

/**
 * Reads the numbers as a careful analyst would: a sample-ratio mismatch stops everything; a breached guardrail
 * outweighs a better primary metric; the best variant that is better and harms nothing ships; when every variant
 * has lost, roll back; else the data do not yet say. Valid at any look, because the intervals are.
 */
export function verdictOf({ sampleRatio, metrics, excludedUnits }: VerdictInput): Verdict {
  const left =
    excludedUnits === 0 ? [] : [`${excludedUnits} units were seen in two variants and are left out.`];
  if (!sampleRatio.ok) {
    const reason = `Units did not fall to the variants as the weights say (p = ${sampleRatio.p.toExponential(1)}).`;
    return verdict('untrusted', `The result cannot be trusted: ${lowerFirst(reason)}`, [reason, ...left]);
  }
  const primary = metrics.find(({ role }) => role === 'primary');
  if (primary === undefined) {
    const reason = 'The experiment has no primary metric: name one to get a verdict.';
    return verdict('keep-running', reason, [reason, ...left]);
  }
  const guardrails = metrics.filter(({ role }) => role === 'guardrail');
  if (primary.comparisons.length === 0) {
    const reason = 'Only one variant has weight: there is nothing to compare.';
    return verdict('keep-running', reason, [reason, ...left]);
  }
  const trials = primary.comparisons.map((comparison) => tryVariant(primary, comparison, guardrails));
  const reasons = [...trials.flatMap((trial) => trial.reasons), ...left];
  const winner = bestOf(
    trials.filter(({ state }) => state === 'better'),
    primary,
  );
  if (winner !== undefined) {
    const sentence = `Ship ${winner.variant}: ${effectText(primary, winner.comparison)}, and no guardrail is breached.`;
    return { ...verdict('ship', sentence, reasons), variant: winner.variant };
  }
  if (trials.every(({ state }) => state === 'worse' || state === 'breached')) {
    return verdict('roll-back', `Roll back: ${lowerFirst(trials[0]?.reasons[0] ?? '')}`, reasons);
  }
  const open = trials.find(({ state }) => state === 'open');
  return verdict('keep-running', `Keep running: ${open?.reasons[0] ?? ''}`, reasons);
}

function tryVariant(
  primary: MetricResult,
  comparison: Comparison,
  guardrails: readonly MetricResult[],
): Trial {
  const { variant } = comparison;
  const breaches = guardrails.flatMap((guardrail) => {
    const against = guardrail.comparisons.find((other) => other.variant === variant);
    if (against === undefined || !isBreached(guardrail, against)) return [];
    return [`The guardrail ${guardrail.key} is breached: ${effectText(guardrail, against)}.`];
  });
  const state = breaches.length > 0 ? 'breached' : stateOf(primary, comparison);
  return { variant, comparison, state, reasons: [...breaches, primaryText(primary, comparison)] };
}

function stateOf(primary: MetricResult, { significant, absolute }: Comparison): 'better' | 'worse' | 'open' {
  if (!significant) return 'open';
  return absolute.estimate > 0 === (primary.direction === 'increase') ? 'better' : 'worse';
}

function primaryText(primary: MetricResult, comparison: Comparison): string {
  const sizes = primary.variants.filter(
    ({ key }) => key === comparison.variant || key === comparison.control,
  );
  const fewest = Math.min(...sizes.map(({ n }) => n));
  if (fewest < LEAST_UNITS)
    return `${primary.key} has ${fewest} units in the smaller of ${comparison.variant} and ${comparison.control}; it takes ${LEAST_UNITS} to say anything.`;
  const text = effectText(primary, comparison);
  return comparison.significant ? `${text}.` : `${text}, which may still be chance.`;
}

function bestOf(trials: readonly Trial[], { direction }: MetricResult): Trial | undefined {
  const sign = direction === 'increase' ? 1 : -1;
  return trials.toSorted(
    (left, right) => sign * (right.comparison.absolute.estimate - left.comparison.absolute.estimate),
  )[0];
}

/** `top-rating is 8.1% higher in treatment than in control (always-valid interval 3.0% to 13.2%)`. */
function effectText({ key, kind }: MetricResult, { variant, control, absolute, lift }: Comparison): string {
  const relative = lift !== null && lift.interval !== null;
  const effect: EstimatedEffect = relative ? lift : absolute;
  const format = relative ? percent : kind === 'proportion' ? points : figure;
  const interval =
    effect.interval === null
      ? 'no interval yet'
      : `always-valid interval ${effect.interval.map(format).join(' to ')}`;
  if (effect.estimate === 0) return `${key} is the same in ${variant} as in ${control} (${interval})`;
  const way = effect.estimate > 0 ? 'higher' : 'lower';
  return `${key} is ${format(Math.abs(effect.estimate))} ${way} in ${variant} than in ${control} (${interval})`;
}

const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
const points = (share: number) => `${figure(100 * share)} points`;
const figure = (value: number) => value.toLocaleString('en', { maximumSignificantDigits: 3 });

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function verdict(decision: Decision, sentence: string, reasons: readonly string[]): Verdict {
  return { decision, variant: null, sentence, reasons };
}
