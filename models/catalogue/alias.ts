import { z } from 'zod';
import { modelSchema, modelVersionSchema } from './model.ts';
import type { Target } from './target.ts';

/** All of a model's traffic, in basis points. */
const FULL_WEIGHT_BP = 10_000;

const { version } = modelVersionSchema.shape;

/** A version that is being tried: what is watched of it, and how it goes on where that finds nothing. */
const canarySchema = z.strictObject({
  version: version.meta({ description: 'The version that loses its weight when it does harm' }),
  steps: z
    .array(z.int().min(1).max(FULL_WEIGHT_BP))
    .min(1)
    .max(20)
    .refine((steps) => steps.every((weight, index) => weight > (steps[index - 1] ?? 0)), {
      message: 'weights must rise from step to step',
    })
    .optional()
    .meta({ description: 'Weights that it is still to have, in basis points; none: it stays where it is' }),
  dwellMinutes: z
    .number()
    .min(0)
    .max(129_600)
    .default(60)
    .meta({ description: 'Least time at a weight before the next step, from the last change of the alias' }),
});

/**
 * A name for a version, which moves: `champion`, `challenger`. One version takes everything; several share the
 * traffic by weight while one is ramped. A replacement moves all of it at once.
 */
export const aliasSchema = z
  .strictObject({
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
    canary: canarySchema.optional(),
    rolledBack: z
      .strictObject({ version, reason: z.string().min(1).max(2_000) })
      .optional()
      .meta({ description: 'The canary that was taken back last, and why; written by the gateway' }),
    description: z.string().max(2_000).optional(),
  })
  .refine(({ versions, canary }) => canary === undefined || versions.length === 2, {
    path: ['canary'],
    message: 'a canary is compared with one other version: list the two',
  })
  .refine(
    ({ versions, canary }) =>
      canary === undefined || versions.some((each) => each.version === canary.version),
    { path: ['canary', 'version'], message: 'must be one of the versions' },
  )
  .refine(
    ({ versions, canary }) => {
      const weight = versions.find((each) => each.version === canary?.version)?.weight ?? 0;
      return (canary?.steps?.[0] ?? FULL_WEIGHT_BP + 1) > weight;
    },
    {
      path: ['canary', 'steps'],
      message: "must begin above the canary's weight",
    },
  );
export type Alias = z.infer<typeof aliasSchema>;

/** An alias and the revision at which it last changed. */
export type RegisteredAlias = Alias & { readonly revision: number };

/** A target with one version that it answers with, and that version's share of its traffic. */
export interface TargetChoice {
  readonly target: Target;
  readonly weightBp: number;
  /** The trial of a canary that both versions' answers are counted for; null while there is none. */
  readonly canaryOf: string | null;
}

/** Names a trial: a changed alias begins a new one, for which nothing counts that came before. */
export function trialKey(key: string, { revision }: RegisteredAlias): string {
  return `${key}@${revision}`;
}

/** The version being tried, and the one that it is compared with; null where none is. */
export function canaryIn({
  versions,
  canary,
}: Alias): { readonly canary: string; readonly stable: string } | null {
  const other = versions.find((each) => each.version !== canary?.version);
  if (canary === undefined || other === undefined) return null;
  return { canary: canary.version, stable: other.version };
}

/** The same alias with everything on the stable version, and the reason. */
export function rolledBack(alias: Alias, reason: string): Alias {
  const tried = canaryIn(alias);
  if (tried === null) return alias;
  const { canary: _ended, ...rest } = reweighed(alias, tried.canary, 0);
  return { ...rest, rolledBack: { version: tried.canary, reason } };
}

/** The same alias with its canary's next step taken; at full weight the trial has ended. Null where no step is left. */
export function stepped(alias: Alias): Alias | null {
  const { canary, ...rest } = alias;
  const [weight, ...steps] = canary?.steps ?? [];
  if (canary === undefined || weight === undefined) return null;
  const { steps: _taken, ...watched } = canary;
  const next = { ...watched, ...(steps.length === 0 ? {} : { steps }) };
  return {
    ...reweighed({ ...rest }, canary.version, weight),
    ...(weight === FULL_WEIGHT_BP ? {} : { canary: next }),
  };
}

function reweighed(alias: Alias, canary: string, weight: number): Alias {
  const versions = alias.versions.map((each) => ({
    ...each,
    weight: each.version === canary ? weight : FULL_WEIGHT_BP - weight,
  }));
  return { ...alias, versions };
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
  aliases: ReadonlyMap<string, RegisteredAlias>,
): readonly [TargetChoice, ...TargetChoice[]] | null {
  const name = target.version === undefined ? null : aliasIn(target.version);
  if (name === null) return [{ target, weightBp: FULL_WEIGHT_BP, canaryOf: null }];
  const key = `${target.model}/${name}`;
  const alias = aliases.get(key);
  const canaryOf = alias?.canary === undefined ? null : trialKey(key, alias);
  const [heaviest, ...others] = (alias?.versions ?? [])
    .toSorted((left, right) => right.weight - left.weight)
    .map(({ version: named, weight }) => ({
      target: { ...target, version: named },
      weightBp: weight,
      canaryOf,
    }));
  return heaviest === undefined ? null : [heaviest, ...others];
}
