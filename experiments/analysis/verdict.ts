import { type Comparison, LEAST_UNITS } from './comparison.ts';
import { effectText, reachText } from './effect-text.ts';
import { correctFamilies } from './families.ts';
import { isBreached } from './guardrail.ts';
import type { DimensionHeterogeneity } from './heterogeneity.ts';
import type { MetricResult } from './metric-result.ts';
import type { Novelty } from './novelty.ts';
import { mismatches, type SampleRatios } from './trust.ts';

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

export interface VerdictInput extends SampleRatios {
  /** As assigned, all by one method. */
  readonly metrics: readonly MetricResult[];
  /** Units left out because they were seen in two variants. */
  readonly excludedUnits: number;
  /** Of the primary metric. */
  readonly heterogeneity?: readonly DimensionHeterogeneity[];
  /** Of the primary metric. */
  readonly novelty?: Novelty['trend'];
  /** How far the experiment is on the way to the units that the effect it was planned for takes. */
  readonly progress?: Progress;
}

export interface Progress {
  readonly units: number;
  readonly unitsNeeded: number;
  /** At the traffic so far; null where there is none. */
  readonly daysLeft: number | null;
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
 * has lost, roll back; else the data do not yet say. Each family of metrics is corrected for being several
 * (`correctFamilies`). Valid at any look, because the intervals are; with another method at the looks it allows.
 */
export function verdictOf(input: VerdictInput): Verdict {
  const notes = notesOf(input);
  const [mismatch, ...others] = mismatches(input);
  if (mismatch !== undefined) {
    const reasons = [mismatch, ...others, ...notes];
    return verdict('untrusted', `The result cannot be trusted: ${lowerFirst(mismatch)}`, reasons);
  }
  const metrics = correctFamilies(input.metrics);
  const primary = metrics.find(({ role }) => role === 'primary');
  if (primary === undefined)
    return keepRunning('The experiment has no primary metric: name one to get a verdict.', notes);
  if (primary.comparisons.length === 0)
    return keepRunning('Only one variant has weight: there is nothing to compare.', notes);
  const guardrails = metrics.filter(({ role }) => role === 'guardrail');
  const trials = primary.comparisons.map((comparison) => tryVariant(primary, comparison, guardrails));
  return decide(primary, trials, [...secondaryNotes(metrics), ...notes], input);
}

function decide(
  primary: MetricResult,
  trials: readonly Trial[],
  notes: readonly string[],
  input: VerdictInput,
): Verdict {
  const reasons = [...trials.flatMap((trial) => trial.reasons), ...notes];
  const winner = bestOf(
    trials.filter(({ state }) => state === 'better'),
    primary,
  );
  if (winner !== undefined) {
    const sentence = `Ship ${winner.variant}: ${effectText(primary, winner.comparison)}, and no guardrail is breached.`;
    return { ...verdict('ship', sentence, reasons), variant: winner.variant };
  }
  const open = trials.filter(({ state }) => state === 'open');
  const [first] = open;
  if (first === undefined)
    return verdict('roll-back', `Roll back: ${lowerFirst(trials[0]?.reasons[0] ?? '')}`, reasons);
  const power = powerNotes(primary, open, input.progress);
  return verdict('keep-running', `Keep running: ${first.reasons[0] ?? ''}`, [...reasons, ...power]);
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

function stateOf(metric: MetricResult, { significant, absolute }: Comparison): 'better' | 'worse' | 'open' {
  if (!significant) return 'open';
  return absolute.estimate > 0 === (metric.direction === 'increase') ? 'better' : 'worse';
}

function primaryText(primary: MetricResult, comparison: Comparison): string {
  const { variant, control, significant, p, alpha } = comparison;
  const sizes = primary.variants.filter(({ key }) => key === variant || key === control);
  const fewest = Math.min(...sizes.map(({ n }) => n));
  if (fewest < LEAST_UNITS)
    return `${primary.key} has ${fewest} units in the smaller of ${variant} and ${control}; it takes ${LEAST_UNITS} to say anything.`;
  const text = effectText(primary, comparison);
  if (significant) return `${text}.`;
  const others = primary.comparisons.length;
  const corrected =
    p < alpha && others > 1 ? `: ${others} variants were tried, and one may look like this` : '';
  return `${text}, which may still be chance${corrected}.`;
}

function bestOf(trials: readonly Trial[], { direction }: MetricResult): Trial | undefined {
  const sign = direction === 'increase' ? 1 : -1;
  return trials.toSorted(
    (left, right) => sign * (right.comparison.absolute.estimate - left.comparison.absolute.estimate),
  )[0];
}

/** Secondary metrics decide nothing; what got worse must be seen all the same. */
function secondaryNotes(metrics: readonly MetricResult[]): string[] {
  return metrics
    .filter(({ role }) => role === 'secondary')
    .flatMap((metric) =>
      metric.comparisons
        .filter((comparison) => stateOf(metric, comparison) === 'worse')
        .map((comparison) => `Worse, though not what decides: ${effectText(metric, comparison)}.`),
    );
}

function powerNotes(primary: MetricResult, open: readonly Trial[], progress: Progress | undefined): string[] {
  const reaches = open.flatMap(({ variant, comparison }) => {
    const reach = reachText(primary, comparison);
    return reach === null
      ? []
      : [
          `So far an effect of ${variant} on ${primary.key} of less than about ${reach} cannot be told from chance.`,
        ];
  });
  return progress === undefined ? reaches : [...reaches, progressText(progress)];
}

function progressText({ units, unitsNeeded, daysLeft }: Progress): string {
  const count = (value: number) => Math.ceil(value).toLocaleString('en');
  if (units >= unitsNeeded)
    return `The ${count(unitsNeeded)} units that the planned effect takes are in: it would most likely have shown.`;
  const days = daysLeft === null ? 'at no traffic, never' : `about ${count(daysLeft)} more days`;
  return `The planned effect takes about ${count(unitsNeeded)} units; ${count(units)} are in (${days}).`;
}

/** What does not decide, but a careful reader wants to know. */
function notesOf({ excludedUnits, heterogeneity = [], novelty }: VerdictInput): string[] {
  const differing = heterogeneity
    .filter(({ adjustedP }) => adjustedP < HETEROGENEITY_ALPHA)
    .map(({ dimension }) => `The effect is not the same everywhere: it differs by ${dimension}.`);
  const way = (novelty?.absolute.estimate ?? 0) > 0 ? 'rises' : 'falls';
  const trend = novelty?.significant === true ? [`The effect ${way} with the days since exposure.`] : [];
  const crossed =
    excludedUnits === 0 ? [] : [`${excludedUnits} units were seen in two variants and are left out.`];
  return [...differing, ...trend, ...crossed];
}

const HETEROGENEITY_ALPHA = 0.05;

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function keepRunning(reason: string, notes: readonly string[]): Verdict {
  return verdict('keep-running', reason, [reason, ...notes]);
}

function verdict(decision: Decision, sentence: string, reasons: readonly string[]): Verdict {
  return { decision, variant: null, sentence, reasons };
}
