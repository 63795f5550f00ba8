import { PAGES_EXPERIMENT, RANKING_EXPERIMENT } from './configuration.ts';
import type { DemoRun } from './run-demo.ts';

/** One thing that Switchyard promises, and whether this run shows it. */
export interface PromiseCheck {
  readonly promise: string;
  readonly holds: boolean;
  /** The figures it was decided on. */
  readonly seen: string;
}

/** Sample-ratio p-values below this mean that assignment or logging is broken. */
const MIN_SAMPLE_RATIO_P = 0.001;

/** Exposures that answers announced and the results do not count. */
export function lostExposures({ tally, results, pageResults }: DemoRun): number {
  const lost = (experiment: string, counted: number) =>
    Math.max(0, (tally.exposures.get(experiment) ?? 0) - counted);
  return (
    lost(RANKING_EXPERIMENT, results.exposures.total) + lost(PAGES_EXPERIMENT, pageResults.exposures.total)
  );
}

/** Whether v2 is better online and offline, or worse in both. */
export function signsAgree({ primary, offline }: DemoRun): boolean {
  return Math.sign(primary.absolute.estimate) === Math.sign(offline.difference);
}

/** Everything the demo set out to show. */
export function checkPromises(run: DemoRun): PromiseCheck[] {
  const { tally, results, pageResults, outcomes, offline, primary } = run;
  const caused = [...tally.exposures.values()].reduce((sum, count) => sum + count, 0);
  const counted = results.exposures.total + pageResults.exposures.total;
  const { aws = 0, gcp = 0 } = tally.answersByCloud;
  return [
    {
      promise: 'Every exposure is counted, and counted once',
      holds: lostExposures(run) === 0 && counted === caused,
      seen: `${caused} caused, ${counted} counted`,
    },
    {
      promise: 'Every outcome is taken in',
      holds: outcomes.rejected === 0 && outcomes.accepted > 0,
      seen: `${outcomes.accepted} accepted, ${outcomes.rejected} rejected`,
    },
    {
      promise: 'A lost cloud costs no answer',
      holds: tally.failed === 0,
      seen: `${tally.failed} requests failed`,
    },
    {
      promise: 'Both clouds answer, and one stands in for the other',
      holds: aws > 0 && gcp > 0 && tally.fallbacks > 0,
      seen: `${aws} from aws, ${gcp} from gcp, ${tally.fallbacks} by a twin`,
    },
    {
      promise: 'No visitor ever changes variant',
      holds: tally.flipped === 0,
      seen: `${tally.flipped} visitors did`,
    },
    {
      promise: 'The audience is enrolled, and nobody else',
      holds: tally.misplaced === 0,
      seen: `${tally.misplaced} rankings were misplaced`,
    },
    {
      promise: 'Scores are those of the version that the answer names',
      holds: tally.wrongScores === 0,
      seen: `${tally.wrongScores} answers differ from the model run by itself`,
    },
    {
      promise: 'Proxied pages arrive as the host sent them',
      holds: tally.wrongPages === 0,
      seen: `${tally.wrongPages} wrong pages`,
    },
    {
      promise: 'The split is as configured',
      holds: results.sampleRatio.p > MIN_SAMPLE_RATIO_P && pageResults.sampleRatio.p > MIN_SAMPLE_RATIO_P,
      seen: `sample-ratio p ${results.sampleRatio.p.toFixed(3)} and ${pageResults.sampleRatio.p.toFixed(3)}`,
    },
    {
      promise: 'The verdict agrees with the models judged offline',
      holds: signsAgree(run) && primary.significant,
      seen: `online ${signed(primary.absolute.estimate)}, offline ${signed(offline.difference)}`,
    },
  ];
}

/** A difference with its sign. */
export const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
