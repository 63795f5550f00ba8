import { z } from 'zod';
import type { CompiledExperiment } from './compile-experiment.ts';
import { keySchema } from './key.ts';

/**
 * That a variant takes no unit any more, until the halt is deleted. Its units get what everyone outside gets; nobody
 * else moves, as they would if its weight were given to others.
 */
export const haltSchema = z
  .strictObject({
    key: z.string().max(127).meta({ description: 'Experiment and variant: `ranker-v2.treatment`' }),
    experiment: keySchema,
    variant: keySchema,
    reason: z.string().min(1).max(2_000).meta({ description: 'Why, in plain words' }),
    guardrail: keySchema
      .optional()
      .meta({ description: 'The guardrail that was breached, where it was one' }),
    source: z.enum(['person', 'gateway', 'lake']).default('person').meta({
      description: 'Who noticed: a person, a gateway by its own counters, or the analysis of the lake',
    }),
  })
  .refine(({ key, experiment, variant }) => key === haltKey(experiment, variant), {
    path: ['key'],
    message: 'must be experiment and variant with a dot between them',
  });
export type Halt = z.infer<typeof haltSchema>;

export function haltKey(experiment: string, variant: string): string {
  return `${experiment}.${variant}`;
}

/** The same experiment, in which halted variants take no unit. */
export function withoutHalted(compiled: CompiledExperiment, halts: readonly Halt[]): CompiledExperiment {
  const mine = halts.filter(({ experiment }) => experiment === compiled.experiment.key);
  return mine.length === 0 ? compiled : { ...compiled, halted: new Set(mine.map(({ variant }) => variant)) };
}
