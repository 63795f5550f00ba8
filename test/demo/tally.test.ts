import { describe, expect, it } from 'vitest';
import { type DemoVisit, demoVisits, isInAudience } from '../../demo/audience.ts';
import { figuresOffline, type ScoresByVersion, scoreOffline } from '../../demo/offline.ts';
import type { Answer, VisitRecord } from '../../demo/replay.ts';
import { tallyOf } from '../../demo/tally.ts';

const visits = demoVisits();
const scores = await scoreOffline(visits);
const enrolled = visits.filter(isInAudience);
const [first, second] = enrolled as [DemoVisit, DemoVisit];

function recordOf(
  visit: DemoVisit,
  changes: Partial<VisitRecord> & { answer?: Partial<Answer> } = {},
): VisitRecord {
  const { answer, ...rest } = changes;
  const ranking: Answer = {
    requestId: `request-of-${visit.visitor}`,
    status: 200,
    experiment: isInAudience(visit) ? 'ranker-v2' : null,
    variant: 'control',
    target: 'ranker-v1-aws',
    fallback: false,
    ...answer,
  };
  const page: Answer = {
    ...ranking,
    requestId: `page-of-${visit.visitor}`,
    experiment: 'film-page-design',
    variant: 'plain',
    target: 'pages-plain',
    fallback: false,
  };
  return { visit, at: 0, ranking, scores: scoresOf(visit, 'v1', scores), page, pageIsRight: true, ...rest };
}

const scoresOf = ({ candidates }: DemoVisit, version: string, known: ScoresByVersion): number[] =>
  candidates.map(({ number }) => known.get(version)?.get(number) ?? Number.NaN);

describe('the tally of what tenants saw', () => {
  it('finds nothing to object to where every visit went well', () => {
    expect(tallyOf([recordOf(first), recordOf(second)], scores)).toEqual({
      exposures: new Map([
        ['ranker-v2', 2],
        ['film-page-design', 2],
      ]),
      answersByCloud: { aws: 2 },
      fallbacks: 0,
      failed: 0,
      flipped: 0,
      misplaced: 0,
      wrongScores: 0,
      wrongPages: 0,
    });
  });

  it('counts an exposure once, however often its request is seen', () => {
    expect(tallyOf([recordOf(first), recordOf(first)], scores).exposures.get('ranker-v2')).toBe(1);
  });

  it('sees a visitor who was given another variant the second time', () => {
    expect(
      tallyOf([recordOf(first), recordOf(first, { answer: { variant: 'treatment' } })], scores).flipped,
    ).toBe(1);
  });

  it('sees a visitor who was left out, and one who should have been', () => {
    const outsider = visits.find((visit) => !isInAudience(visit)) as DemoVisit;
    const misplaced = (record: VisitRecord) => tallyOf([record], scores).misplaced;
    expect(misplaced(recordOf(first, { answer: { experiment: null } }))).toBe(1);
    expect(misplaced(recordOf(outsider, { answer: { experiment: 'ranker-v2' } }))).toBe(1);
    expect(misplaced(recordOf(outsider))).toBe(0);
  });

  it('sees an answer that names one version and comes from another', () => {
    const swapped = recordOf(first, { answer: { target: 'ranker-v2-gcp' } });
    expect(tallyOf([swapped], scores)).toMatchObject({ wrongScores: 1, answersByCloud: { gcp: 1 } });
  });

  it('sees failed requests, fallbacks and wrong pages', () => {
    const failed = recordOf(first, { answer: { status: 502, target: null }, scores: [] });
    const stoodIn = recordOf(second, { answer: { fallback: true }, pageIsRight: false });
    expect(tallyOf([failed, stoodIn], scores)).toMatchObject({
      failed: 2,
      fallbacks: 1,
      wrongPages: 1,
      wrongScores: 1,
    });
  });
});

describe("the demo's visits", () => {
  it('have both sides of the audience in them, and visitors who come back', () => {
    expect(enrolled.length).toBeGreaterThan(2_000);
    expect(enrolled.length).toBeLessThan(visits.length);
    expect(visits.some(({ crawler, tenant }) => crawler && tenant === 'odeon')).toBe(true);
    expect(new Set(visits.map(({ visitor }) => visitor)).size).toBeLessThan(visits.length);
  });

  it('keep a visitor with one tenant, and a crawler a crawler', () => {
    const known = Map.groupBy(visits, ({ visitor }) => visitor);
    for (const own of known.values()) {
      expect(new Set(own.map(({ tenant, crawler }) => `${tenant} ${crawler}`)).size).toBe(1);
    }
  });

  it('are lists on which v2 is clearly the better ranker', () => {
    const figures = figuresOffline(visits, scores);
    const difference = (figures.get('v2')?.meanTopRating ?? 0) - (figures.get('v1')?.meanTopRating ?? 0);
    expect(difference).toBeGreaterThan(0.3);
  });
});
