import { type Comparison, LEAST_UNITS } from './comparison.ts';
import { effectText } from './effect-text.ts';
import { correctFamilies } from './families.ts';
import { isBreached } from './guardrail.ts';
import type { MetricResult } from './metric-result.ts';
import { mismatches, type SampleRatios } from './trust.ts';
import {
  directionOf,
  type Noteworthy,
  notesOf,
  type Progress,
  powerNotes,
  secondaryNotes,
} from './verdict-notes.ts';
import { type Finding, type Standing, verdictSentence } from './verdict-sentence.ts';

/** `inconclusive`: it has stopped, and the data could not say. */
type Decision = 'ship' | 'roll-back' | 'keep-running' | 'inconclusive' | 'untrusted';

export interface Verdict {
  /** What the data say to do; of a decision that was taken already the sentence says whether they agree. */
  readonly decision: Decision;
  /** The variant to ship; null unless the decision is `ship`, and of a holdout. */
  readonly variant: string | null;
  /** The decision and what it rests on, for a person who reads nothing else. */
  readonly sentence: string;
  /** Everything that was weighed, in plain words, the weightiest first. */
  readonly reasons: readonly string[];
}

export interface VerdictInput extends SampleRatios, Noteworthy {
  /** As assigned, all by one method. */
  readonly metrics: readonly MetricResult[];
  /** An experiment that runs unless given. */
  readonly standing?: Standing;
  /** Variants that take no unit any more: none of them ships. */
  readonly halts?: readonly { readonly variant: string; readonly reason: string }[];
  readonly progress?: Progress;
}

/** What became of one variant that is not the control. */
interface Trial {
  readonly comparison: Comparison;
  readonly state: 'better' | 'worse' | 'breached' | 'halted' | 'open';
  readonly reasons: readonly string[];
}

const RUNNING: Standing = { of: 'experiment', state: 'running' };

/**
 * Reads the numbers as a careful analyst would: a sample-ratio mismatch stops everything; a breached guardrail, or a
 * halt, outweighs a better primary metric; the best variant that is better and harms nothing ships; when every variant
 * has lost, roll back; else the data do not yet say. Each family of metrics is corrected for being several
 * (`correctFamilies`). Valid at any look, because the intervals are; with another method at the looks it allows.
 */
export function verdictOf(input: VerdictInput): Verdict {
  const { standing = RUNNING } = input;
  const { finding, reasons } = found(input);
  return {
    decision: decisionOf(finding, standing),
    variant: finding.says === 'ship' && standing.of === 'experiment' ? finding.variant : null,
    sentence: verdictSentence(finding, standing),
    reasons,
  };
}

function decisionOf({ says }: Finding, standing: Standing): Decision {
  if (says !== 'nothing') return says;
  return isOver(standing) ? 'inconclusive' : 'keep-running';
}

function isOver(standing: Standing): boolean {
  return standing.of === 'experiment' && (standing.state === 'stopped' || standing.state === 'archived');
}

interface Found {
  readonly finding: Finding;
  readonly reasons: readonly string[];
}

function found(input: VerdictInput): Found {
  const notes = notesOf(input);
  const [mismatch, ...others] = mismatches(input);
  if (mismatch !== undefined)
    return {
      finding: { says: 'untrusted', because: mismatch },
      reasons: [mismatch, ...others, ...notes],
    };
  const metrics = correctFamilies(input.metrics);
  const primary = metrics.find(({ role }) => role === 'primary');
  const nothing = (because: string): Found => ({
    finding: { says: 'nothing', measured: false, because },
    reasons: [because, ...notes],
  });
  const subject = input.standing?.of ?? 'experiment';
  if (primary === undefined)
    return nothing(`The ${subject} has no primary metric: name one to get a verdict.`);
  if (primary.comparisons.length === 0)
    return nothing('Only one variant has weight: there is nothing to compare.');
  const trials = primary.comparisons.map((comparison) => tryVariant(primary, comparison, input, metrics));
  const progress = isOver(input.standing ?? RUNNING) ? undefined : input.progress;
  return weigh(primary, trials, [...secondaryNotes(metrics), ...notes], progress);
}

function weigh(
  primary: MetricResult,
  trials: readonly Trial[],
  notes: readonly string[],
  progress: Progress | undefined,
): Found {
  const reasons = [...trials.flatMap((trial) => trial.reasons), ...notes];
  const winner = bestOf(
    trials.filter(({ state }) => state === 'better'),
    primary,
  );
  if (winner !== undefined) {
    const because = `${effectText(primary, winner.comparison)}, and no guardrail is breached.`;
    return { finding: { says: 'ship', variant: winner.comparison.variant, because }, reasons };
  }
  const open = trials.filter(({ state }) => state === 'open');
  const [first] = open;
  if (first === undefined) {
    const control = trials[0]?.comparison.control ?? '';
    return { finding: { says: 'roll-back', control, because: trials[0]?.reasons[0] ?? '' }, reasons };
  }
  const power = powerNotes(
    primary,
    open.map(({ comparison }) => comparison),
    progress,
  );
  const because = first.reasons[0] ?? '';
  return { finding: { says: 'nothing', measured: true, because }, reasons: [...reasons, ...power] };
}

function tryVariant(
  primary: MetricResult,
  comparison: Comparison,
  { halts = [] }: VerdictInput,
  metrics: readonly MetricResult[],
): Trial {
  const { variant } = comparison;
  const halted = halts
    .filter((halt) => halt.variant === variant)
    .map(({ reason }) => `${variant} is halted: ${reason.replace(/\.$/, '')}.`);
  const breaches = metrics.flatMap((metric) => {
    const against = metric.comparisons.find((other) => other.variant === variant);
    if (metric.role !== 'guardrail' || against === undefined || !isBreached(metric, against)) return [];
    return [`The guardrail ${metric.key} is breached: ${effectText(metric, against)}.`];
  });
  const state =
    breaches.length > 0 ? 'breached' : halted.length > 0 ? 'halted' : directionOf(primary, comparison);
  return { comparison, state, reasons: [...breaches, ...halted, primaryText(primary, comparison)] };
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
