import { isInAudience } from './audience.ts';
import { RANKING_EXPERIMENT } from './configuration.ts';
import type { ScoresByVersion } from './offline.ts';
import type { Answer, VisitRecord } from './replay.ts';

/** What the tenants saw, counted without looking into the gateway. */
export interface Tally {
  /** Exposures caused, by experiment: answers that name it, each request once. */
  readonly exposures: ReadonlyMap<string, number>;
  /** Ranking answers by the cloud of the target that gave them. */
  readonly answersByCloud: Readonly<Record<string, number>>;
  readonly fallbacks: number;
  /** Requests answered with anything but 200. */
  readonly failed: number;
  /** Visitors who were given two different variants of one experiment. */
  readonly flipped: number;
  /** Rankings of visitors who were enrolled outside the audience, or in it and not enrolled. */
  readonly misplaced: number;
  /** Rankings whose scores are not those of the version that the answer names. */
  readonly wrongScores: number;
  readonly wrongPages: number;
}

/** Scores travel as 32-bit floats. */
const SCORE_TOLERANCE = 1e-4;

export function tallyOf(records: readonly VisitRecord[], scores: ScoresByVersion): Tally {
  const rankings = records.map(({ ranking }) => ranking);
  const answers = [...rankings, ...records.map(({ page }) => page)];
  const clouds = Map.groupBy(rankings, ({ target }) => placeOf(target)?.cloud ?? 'none');
  return {
    exposures: new Map(
      [...Map.groupBy(answers.filter(isExposure), ({ experiment }) => experiment)].map(
        ([experiment, own]) => [experiment, new Set(own.map(({ requestId }) => requestId)).size],
      ),
    ),
    answersByCloud: Object.fromEntries([...clouds].map(([cloud, own]) => [cloud, own.length])),
    fallbacks: answers.filter(({ fallback }) => fallback).length,
    failed: answers.filter(({ status }) => status !== 200).length,
    flipped: flippedVisitors(records),
    misplaced: records.filter(
      ({ visit, ranking }) => isInAudience(visit) !== (ranking.experiment === RANKING_EXPERIMENT),
    ).length,
    wrongScores: records.filter((record) => !hasScoresOf(record, scores)).length,
    wrongPages: records.filter(({ pageIsRight }) => !pageIsRight).length,
  };
}

const isExposure = (answer: Answer): answer is Answer & { readonly experiment: string } =>
  answer.experiment !== null;

/** Version and cloud of a ranker target, as its key `ranker-v2-gcp` says. */
function placeOf(target: string | null): { readonly version: string; readonly cloud: string } | null {
  const [, version, cloud] = /^ranker-(\w+)-(\w+)$/.exec(target ?? '') ?? [];
  return version === undefined || cloud === undefined ? null : { version, cloud };
}

function flippedVisitors(records: readonly VisitRecord[]): number {
  const variants = records.flatMap(({ visit, ranking, page }) =>
    [ranking, page].filter(isExposure).map(({ experiment, variant }) => ({
      unit: `${experiment}/${visit.tenant}/${visit.visitor}`,
      variant,
    })),
  );
  return [...Map.groupBy(variants, ({ unit }) => unit).values()].filter(
    (own) => new Set(own.map(({ variant }) => variant)).size > 1,
  ).length;
}

function hasScoresOf({ visit, ranking, scores }: VisitRecord, expected: ScoresByVersion): boolean {
  const version = expected.get(placeOf(ranking.target)?.version ?? '');
  return (
    scores.length === visit.candidates.length &&
    visit.candidates.every(
      ({ number }, index) =>
        Math.abs((scores[index] ?? Number.NaN) - (version?.get(number) ?? Number.NaN)) < SCORE_TOLERANCE,
    )
  );
}
