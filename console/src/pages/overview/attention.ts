import type { Results } from '../../api/results.ts';
import type { TargetTraffic } from '../../api/traffic.ts';
import type { StoredExperiment, StoredHalt } from '../../api/types.ts';
import { statusOf } from '../experiment/status.ts';

/** Share of exposures answered by a stand-in from which somebody should look. */
const MANY_FALLBACKS = 0.05;
/** Share of failed calls of a target from which somebody should look. */
const MANY_ERRORS = 0.02;

/** Something that somebody should look at. */
export interface Attention {
  readonly experiment: string;
  readonly text: string;
  /** What harms users or the result, before what only waits for somebody. */
  readonly grave: boolean;
}

export interface Watched {
  readonly experiment: StoredExperiment;
  /** Undefined while it is on its way, and for what has not begun. */
  readonly results: Results | undefined;
  readonly halts: readonly StoredHalt[];
  /** Of the last hours, of the variants' targets. */
  readonly targets: readonly TargetTraffic[];
}

/** What of these needs somebody, the gravest first. */
export function attentionOf(watched: readonly Watched[]): Attention[] {
  return watched.flatMap(ofOne).toSorted((one, other) => Number(other.grave) - Number(one.grave));
}

function ofOne({ experiment, results, halts, targets }: Watched): Attention[] {
  const { key, state } = experiment;
  const grave = (text: string) => ({ experiment: key, text, grave: true });
  const waiting = (text: string) => ({ experiment: key, text, grave: false });
  const { plannedChanges } = statusOf(experiment);
  return [
    ...halts.map(({ variant, reason }) => grave(`${variant} is halted: ${reason}`)),
    ...(results === undefined ? [] : ofResults(results).map(grave)),
    ...targets
      .filter(({ calls, failed }) => failed / calls >= MANY_ERRORS)
      .map(({ target, calls, failed }) =>
        grave(`${percent(failed / calls)} of the calls of ${target} fail.`),
      ),
    ...(state === 'in-review' ? [waiting('It waits for a review.')] : []),
    ...(plannedChanges.length === 0 ? [] : [waiting(`${plannedChanges.length} planned changes wait.`)]),
    ...(results !== undefined && state === 'running' && decided(results)
      ? [waiting(`It has a verdict: ${results.verdict.sentence}`)]
      : []),
  ];
}

function ofResults({ sampleRatio, sequentialSampleRatio, exposures, fallbacks, verdict }: Results): string[] {
  const found: string[] = [];
  if (!sampleRatio.ok || !sequentialSampleRatio.ok)
    found.push('Units do not fall to the variants as the weights say: do not trust the numbers.');
  found.push(...verdict.reasons.filter((reason) => reason.startsWith('The guardrail ')));
  if (exposures.total > 0 && fallbacks / exposures.total >= MANY_FALLBACKS)
    found.push(`${percent(fallbacks / exposures.total)} of answers come from a stand-in: a target is down.`);
  return found;
}

const decided = ({ verdict }: Results) => verdict.decision === 'ship' || verdict.decision === 'roll-back';

const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
