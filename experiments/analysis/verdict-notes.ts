import type { Comparison } from './comparison.ts';
import { effectText, reachText } from './effect-text.ts';
import type { DimensionHeterogeneity } from './heterogeneity.ts';
import type { MetricResult } from './metric-result.ts';
import type { Novelty } from './novelty.ts';

/** What does not decide, but a careful reader wants to know. */
export interface Noteworthy {
  /** Units left out because they were seen in two variants. */
  readonly excludedUnits: number;
  /** Of the primary metric. */
  readonly heterogeneity?: readonly DimensionHeterogeneity[];
  /** Of the primary metric. */
  readonly novelty?: Novelty['trend'];
}

/** How far an experiment is on the way to the units that the effect it was planned for takes. */
export interface Progress {
  readonly units: number;
  readonly unitsNeeded: number;
  /** At the traffic so far; null where there is none. */
  readonly daysLeft: number | null;
}

const HETEROGENEITY_ALPHA = 0.05;

/** Of units, of dimensions and of time. */
export function notesOf({ excludedUnits, heterogeneity = [], novelty }: Noteworthy): string[] {
  const differing = heterogeneity
    .filter(({ adjustedP }) => adjustedP < HETEROGENEITY_ALPHA)
    .map(({ dimension }) => `The effect is not the same everywhere: it differs by ${dimension}.`);
  const way = (novelty?.absolute.estimate ?? 0) > 0 ? 'rises' : 'falls';
  const trend = novelty?.significant === true ? [`The effect ${way} with the days since exposure.`] : [];
  const crossed =
    excludedUnits === 0 ? [] : [`${excludedUnits} units were seen in two variants and are left out.`];
  return [...differing, ...trend, ...crossed];
}

/** Secondary metrics decide nothing; what got worse must be seen all the same. */
export function secondaryNotes(metrics: readonly MetricResult[]): string[] {
  return metrics
    .filter(({ role }) => role === 'secondary')
    .flatMap((metric) =>
      metric.comparisons
        .filter((comparison) => directionOf(metric, comparison) === 'worse')
        .map((comparison) => `Worse, though not what decides: ${effectText(metric, comparison)}.`),
    );
}

/** What an effect of these variants would have to be to be seen by now. */
export function powerNotes(
  primary: MetricResult,
  comparisons: readonly Comparison[],
  progress: Progress | undefined,
): string[] {
  const reaches = comparisons.flatMap((comparison) => {
    const reach = reachText(primary, comparison);
    return reach === null
      ? []
      : [
          `So far an effect of ${comparison.variant} on ${primary.key} of less than about ${reach} cannot be told from chance.`,
        ];
  });
  return progress === undefined ? reaches : [...reaches, progressText(progress)];
}

/** Which way the metric surely went; open while that may be chance. */
export function directionOf(
  { direction }: MetricResult,
  { significant, absolute }: Comparison,
): 'better' | 'worse' | 'open' {
  if (!significant) return 'open';
  return absolute.estimate > 0 === (direction === 'increase') ? 'better' : 'worse';
}

function progressText({ units, unitsNeeded, daysLeft }: Progress): string {
  const count = (value: number) => Math.ceil(value).toLocaleString('en');
  if (units >= unitsNeeded)
    return `The ${count(unitsNeeded)} units that the planned effect takes are in: it would most likely have shown.`;
  const days = daysLeft === null ? 'at no traffic, never' : `about ${count(daysLeft)} more days`;
  return `The planned effect takes about ${count(unitsNeeded)} units; ${count(units)} are in (${days}).`;
}
