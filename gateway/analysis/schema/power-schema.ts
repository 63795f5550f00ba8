import { z } from 'zod';
import { number, said, share } from './metric-schemas.ts';

const orNever = number.nullable();

const plannedVariantSchema = z.strictObject({
  variant: z.string(),
  units: said(
    z.strictObject({
      fixed: said(number, 'At one look at the end'),
      alwaysValid: said(number, 'Looking at any time, at most'),
      expected: said(number, 'Looking at any time, on average: it ends early'),
    }),
    'Units of all variants',
  ),
  days: said(
    z.strictObject({ fixed: orNever, alwaysValid: orNever, expected: orNever }),
    'Until so many units are in; null at no traffic',
  ),
  detectable: said(
    z.array(z.strictObject({ days: number, effect: number })),
    'The smallest relative effect that so many days will most likely show, looking at any time; empty at no traffic',
  ),
});

/** What an experiment takes to see an effect, as the control plane answers it. */
export const powerSchema = z.strictObject({
  metric: said(z.string(), 'The primary one'),
  effect: said(number, 'Relative: 0.05 is five percent more or less than the control'),
  power: said(share, 'Chance to see the effect if it is there'),
  alpha: said(share, 'Two-sided chance of a false alarm'),
  basis: said(
    z
      .strictObject({
        experiment: said(z.string(), 'Key of the experiment whose units they are'),
        units: number,
        unitsPerDay: said(number, "New ones, of the last 14 days, at this experiment's allocation"),
        mean: number,
        standardDeviation: number,
      })
      .nullable(),
    'Where the numbers come from; null where no unit was ever seen at the endpoint, and nothing can be said',
  ),
  variants: said(
    z.array(plannedVariantSchema),
    'Every other variant that has weight, beside the control; empty where nothing can be said',
  ),
});

export type PowerResults = z.infer<typeof powerSchema>;

/** A plan as the document of the API shows it. */
export const POWER_EXAMPLE: PowerResults = {
  metric: 'top-rating',
  effect: 0.05,
  power: 0.8,
  alpha: 0.05,
  basis: { experiment: 'ranker-v2', units: 2_004, unitsPerDay: 310, mean: 0.31, standardDeviation: 0.46 },
  variants: [
    {
      variant: 'treatment',
      units: { fixed: 28_000, alwaysValid: 41_000, expected: 22_000 },
      days: { fixed: 90, alwaysValid: 132, expected: 71 },
      detectable: [
        { days: 7, effect: 0.21 },
        { days: 14, effect: 0.15 },
        { days: 28, effect: 0.1 },
      ],
    },
  ],
};
