import { describe, expect, it } from 'vitest';
import { checkPromises, lostExposures } from '../../demo/promises.ts';
import { readResults } from '../../demo/results.ts';
import type { DemoRun } from '../../demo/run-demo.ts';

const results = (total: number, p = 0.5) =>
  readResults({
    exposures: { total, byVariant: {} },
    sampleRatio: { p, ok: true },
    metrics: [],
    serving: [],
    verdict: { decision: 'ship', sentence: 'Ship treatment.' },
  });

/** A run in which everything went as promised. */
const GOOD: DemoRun = {
  system: { clouds: [], pagesUrl: '', gatewayUrl: '', metricsUrl: '', adminKey: '' },
  keys: { odeon: '', matinee: '' },
  requestFile: '',
  tally: {
    exposures: new Map([
      ['ranker-v2', 100],
      ['film-page-design', 120],
    ]),
    answersByCloud: { aws: 70, gcp: 50 },
    fallbacks: 20,
    failed: 0,
    flipped: 0,
    misplaced: 0,
    wrongScores: 0,
    wrongPages: 0,
  },
  outcomes: { accepted: 240, rejected: 0 },
  results: results(100),
  pageResults: results(120),
  primary: {
    variant: 'treatment',
    absolute: { estimate: 0.4, interval: [0.2, 0.6] },
    lift: { estimate: 0.06, interval: [0.03, 0.09] },
    significant: true,
  },
  offline: { v1: 7, v2: 7.4, difference: 0.4 },
};

const broken = (changes: Partial<DemoRun>): string[] =>
  checkPromises({ ...GOOD, ...changes })
    .filter(({ holds }) => !holds)
    .map(({ promise }) => promise);

const tally = (changes: Partial<DemoRun['tally']>) => ({ tally: { ...GOOD.tally, ...changes } });

describe('the promises of the demo', () => {
  it('all hold in a good run', () => {
    expect(broken({})).toEqual([]);
  });

  it.each<[string, Partial<DemoRun>]>([
    ['Every exposure is counted, and counted once', { results: results(99) }],
    ['Every exposure is counted, and counted once', { pageResults: results(121) }],
    ['Every outcome is taken in', { outcomes: { accepted: 239, rejected: 1 } }],
    ['Every outcome is taken in', { outcomes: { accepted: 0, rejected: 0 } }],
    ['A lost cloud costs no answer', tally({ failed: 1 })],
    ['Both clouds answer, and one stands in for the other', tally({ answersByCloud: { aws: 120 } })],
    ['Both clouds answer, and one stands in for the other', tally({ fallbacks: 0 })],
    ['No visitor ever changes variant', tally({ flipped: 1 })],
    ['The audience is enrolled, and nobody else', tally({ misplaced: 1 })],
    ['Scores are those of the version that the answer names', tally({ wrongScores: 1 })],
    ['Proxied pages arrive as the host sent them', tally({ wrongPages: 1 })],
    ['The split is as configured', { results: results(100, 0.0009) }],
    ['The split is as configured', { pageResults: results(120, 0.0009) }],
    ['The verdict agrees with the models judged offline', { offline: { v1: 7.4, v2: 7, difference: -0.4 } }],
    [
      'The verdict agrees with the models judged offline',
      { primary: { ...GOOD.primary, significant: false } },
    ],
  ])('"%s" can be broken', (promise, changes) => {
    expect(broken(changes)).toEqual([promise]);
  });

  it('count as lost what was announced and is missing, and never let a surplus elsewhere make up for it', () => {
    expect(lostExposures({ ...GOOD, results: results(97), pageResults: results(123) })).toBe(3);
  });
});

describe('reading results', () => {
  it('names every field that is not as expected', () => {
    expect(() => readResults({ exposures: { total: 'many' } })).toThrow(
      /(?=[\s\S]*exposures\.total)(?=[\s\S]*verdict)/,
    );
  });
});
