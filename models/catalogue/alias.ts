import { z } from 'zod';
import { modelSchema, modelVersionSchema } from './model.ts';
import type { Target } from './target.ts';

/** All of a model's traffic, in basis points. */
const FULL_WEIGHT_BP = 10_000;

const { version } = modelVersionSchema.shape;

/**
 * A name for a version, which moves: `champion`, `challenger`. One version takes everything; several share the
 * traffic by weight while one is ramped. A replacement moves all of it at once.
 */
export const aliasSchema = z.strictObject({
  alias: modelSchema.shape.key,
  versions: z
    .array(
      z.strictObject({
        version,
        weight: z
          .int()
          .min(0)
          .max(FULL_WEIGHT_BP)
          .default(FULL_WEIGHT_BP)
          .meta({ description: 'Share of the traffic in basis points; 0 keeps the version loaded' }),
      }),
    )
    .min(1)
    .max(10)
    .refine((versions) => versions.reduce((sum, { weight }) => sum + weight, 0) === FULL_WEIGHT_BP, {
      message: `weights must sum to ${FULL_WEIGHT_BP} basis points`,
    })
    .refine((versions) => new Set(versions.map((each) => each.version)).size === versions.length, {
      message: 'a version is listed twice',
    }),
  description: z.string().max(2_000).optional(),
});
export type Alias = z.infer<typeof aliasSchema>;

/** A target with one version that it answers with, and that version's share of its traffic. */
export interface TargetChoice {
  readonly target: Target;
  readonly weightBp: number;
}

/** The name in `@name`; null for a version that is named outright. */
export function aliasIn(reference: string): string | null {
  return reference.startsWith('@') ? reference.slice(1) : null;
}

/**
 * A target once for each version that it answers with, the heaviest first. `aliases` by `model/alias`; null when
 * the target names one that is not there.
 */
export function targetChoices(
  target: Target,
  aliases: ReadonlyMap<string, Alias>,
): readonly [TargetChoice, ...TargetChoice[]] | null {
  const name = target.version === undefined ? null : aliasIn(target.version);
  if (name === null) return [{ target, weightBp: FULL_WEIGHT_BP }];
  const versions = aliases.get(`${target.model}/${name}`)?.versions ?? [];
  const [heaviest, ...others] = versions
    .toSorted((left, right) => right.weight - left.weight)
    .map(({ version: named, weight }) => ({ target: { ...target, version: named }, weightBp: weight }));
  return heaviest === undefined ? null : [heaviest, ...others];
}
