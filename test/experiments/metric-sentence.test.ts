import { describe, expect, it } from 'vitest';
import { metricSchema } from '../../experiments/metric.ts';
import { metricSentence } from '../../experiments/metric-sentence.ts';

const of = (fields: Record<string, unknown>) =>
  metricSentence(
    metricSchema.parse({
      key: 'm',
      ...(fields['source'] === 'gateway' ? {} : { event: 'rated' }),
      ...fields,
    }),
    'user',
  );

describe('the sentence of a metric', () => {
  it.each([
    [
      { kind: 'proportion', threshold: 8 },
      'Share of users with at least one "rated" of at least 8 since the first exposure. Higher is better.',
    ],
    [
      { kind: 'retention', window: { delayHours: 24, lengthHours: 24 } },
      'Share of users with at least one "rated" from 24 to 48 hours after the first exposure, of those whose window is over. Higher is better.',
    ],
    [
      { kind: 'count', filter: { value: { gt: 1, lte: 5 } }, direction: 'decrease' },
      'Number of "rated" above 1 and of at most 5 per user since the first exposure; none counts as 0. Lower is better.',
    ],
    [
      { kind: 'sum', window: { lengthHours: 168 }, cap: { percentile: 0.99 } },
      'Total value of "rated" per user within 168 hours of the first exposure; none counts as 0. Higher is better. What a user has above the 99th percentile of all counts as that.',
    ],
    [
      { kind: 'mean', window: { delayHours: 2 } },
      'Mean over users of the user\'s mean value of "rated" from 2 hours after the first exposure on; a user without one is left out. Higher is better.',
    ],
    [
      { kind: 'mean', missing: 'zero', cap: { value: 20 } },
      'Mean over users of the user\'s mean value of "rated" since the first exposure; a user without one counts as 0. Higher is better. What a user has above 20 counts as 20.',
    ],
    [
      { kind: 'ratio', denominator: { event: 'viewed' } },
      'Total value of "rated" over the number of "viewed", all users together since the first exposure. Higher is better.',
    ],
    [
      { kind: 'quantile', quantile: 0.5 },
      'The 50th percentile of every value of "rated", all users together since the first exposure. Higher is better.',
    ],
    [
      { kind: 'mean', source: 'gateway', value: 'latency', direction: 'decrease' },
      "Mean over users of the user's mean latency of the answers, in ms; a user without one is left out. Lower is better.",
    ],
    [
      { kind: 'proportion', source: 'gateway', value: 'error', direction: 'decrease' },
      'Share of users with at least one answer that was an error. Lower is better.',
    ],
    [
      { kind: 'sum', source: 'gateway', value: 'fallback', direction: 'decrease' },
      'Number of answers by another target than the assigned one per user; none counts as 0. Lower is better.',
    ],
    [
      { kind: 'quantile', source: 'gateway', value: 'latency', quantile: 0.93, direction: 'decrease' },
      'The 93rd percentile of every latency of the answers, in ms, all users together. Lower is better.',
    ],
  ])('says in plain words what is measured: %j', (fields, sentence) => {
    expect(of(fields)).toBe(sentence);
  });
});
