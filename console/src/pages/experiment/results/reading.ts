import type { Comparison, MetricResult } from '../../../api/results.ts';

interface Reading {
  readonly tone: 'open' | 'better' | 'worse';
  readonly text: string;
}

/** What a comparison says so far, in a word and a tone. */
export function readingOf(
  { direction }: MetricResult,
  { significant, absolute }: Pick<Comparison, 'significant' | 'absolute'>,
): Reading {
  if (!significant) return { tone: 'open', text: 'may be chance' };
  return absolute.estimate > 0 === (direction === 'increase')
    ? { tone: 'better', text: 'better' }
    : { tone: 'worse', text: 'worse' };
}
