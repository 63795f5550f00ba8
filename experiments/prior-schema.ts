import { z } from 'zod';

/** What was believed of a metric in every variant, before the data. */
export const priorSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('beta').meta({ description: 'Of a proportion or a retention' }),
    successes: z
      .number()
      .min(1)
      .meta({ description: 'As if so many units had done it before; 1 and 1: any share is as likely' }),
    failures: z.number().min(1).meta({ description: 'And so many had not' }),
  }),
  z.strictObject({
    kind: z.literal('normal-inverse-gamma').meta({ description: 'Of any metric' }),
    mean: z.number().meta({ description: "In the metric's own unit" }),
    units: z.number().gt(0).meta({ description: 'Units that this mean is worth' }),
    variance: z.number().gt(0).meta({ description: 'Per unit' }),
    degreesOfFreedom: z
      .number()
      .min(3, 'leaves a variant without units no spread: at least 3')
      .meta({ description: 'Units, less one, that this variance is worth' }),
  }),
]);
