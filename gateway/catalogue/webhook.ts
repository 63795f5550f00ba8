import { z } from 'zod';
import { keySchema } from '../../experiments/key.ts';

const names = z.array(z.string().min(1).max(100)).min(1).max(100);

/** Who is told of changes of the configuration, and of which. */
export const webhookSchema = z.strictObject({
  key: keySchema,
  name: z.string().max(200).optional(),
  url: z
    .url({ protocol: /^https?$/, error: 'must be an https:// URL' })
    .max(2_048)
    .refine((text) => !URL.canParse(text) || new URL(text).username === '', 'must not carry credentials'),
  kinds: names
    .optional()
    .meta({ description: 'Only changes of these kinds: `experiments`, …; all unless given' }),
  actions: names
    .optional()
    .meta({ description: 'Only these actions: `start`, `create`, …; all unless given' }),
  keys: names.optional().meta({ description: 'Only things with one of these keys; all unless given' }),
  enabled: z
    .boolean()
    .default(true)
    .meta({ description: 'While false, changes are left out, not kept for later' }),
});
export type Webhook = z.infer<typeof webhookSchema>;
