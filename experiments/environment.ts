import { z } from 'zod';

/** Where an experiment runs: a gateway serves the experiments of one environment. */
const ENVIRONMENTS = ['dev', 'staging', 'production'] as const;
export type Environment = (typeof ENVIRONMENTS)[number];
export const environmentNameSchema = z.enum(ENVIRONMENTS);

/** Who must agree before an experiment starts, or is changed while it runs. Without one, nobody must. */
export const environmentSchema = z.strictObject({
  key: environmentNameSchema,
  approvals: z
    .int()
    .min(0)
    .max(5)
    .meta({ description: 'How many people other than the author must approve' }),
  reviewers: z
    .array(z.string().min(1).max(200))
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'Names of those whose approval counts; anyone but the author unless given' }),
});
export type EnvironmentPolicy = Omit<z.infer<typeof environmentSchema>, 'key'>;

/** The policy that asks for most: of what reaches every environment. */
export function strictest(policies: Iterable<EnvironmentPolicy>): EnvironmentPolicy {
  return [...policies].reduce(
    (most, policy) => (policy.approvals > most.approvals ? policy : most),
    NO_REVIEW,
  );
}

/** What holds where nothing was registered. */
export const NO_REVIEW: EnvironmentPolicy = Object.freeze({ approvals: 0 });
