import { type Arm, type Comparison, type ComparisonOptions, compareArms } from './comparison.ts';
import type { Moments } from './moments.ts';

export interface NoveltyInput {
  /** Moments of the metric over a unit's first day since its exposure (0), its second (1) and so on. */
  readonly days: readonly { readonly day: number; readonly control: Moments; readonly variant: Moments }[];
  /**
   * Moments of each unit's own slope over the days, of the units that were exposed long enough ago to have had all of
   * them: Σ (day − mean day)·value / Σ (day − mean day)².
   */
  readonly slopes: { readonly control: Moments; readonly variant: Moments };
}

export interface Novelty {
  readonly days: readonly (Pick<Comparison, 'absolute' | 'lift'> & { readonly day: number })[];
  /** Of the effect per day since exposure: negative where an effect wears off, positive where it is learned. */
  readonly trend: Pick<Comparison, 'absolute' | 'p' | 'significant'>;
}

/**
 * Whether an effect changes with the days since exposure: the effect by day, and its trend. The trend is the effect on
 * the units' own slopes, so that one unit's days, which are not independent, count once (summary measures: Matthews,
 * Altman, Campbell and Royston, BMJ 1990).
 */
export function novelty({ days, slopes }: NoveltyInput, options: ComparisonOptions): Novelty {
  const compare = (control: Moments, variant: Moments) =>
    compareArms(armOf('control', control), armOf('variant', variant), options);
  const { absolute, p, significant } = compare(slopes.control, slopes.variant);
  return {
    days: days.map(({ day, control, variant }) => {
      const comparison = compare(control, variant);
      return { day, absolute: comparison.absolute, lift: comparison.lift };
    }),
    trend: { absolute, p, significant },
  };
}

function armOf(key: string, moments: Moments): Arm {
  return { key, moments };
}
