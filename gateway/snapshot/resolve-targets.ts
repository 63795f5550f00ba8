import { type RegisteredAlias, targetChoices } from '../../models/catalogue/alias.ts';
import { type Target, twinsOf } from '../../models/catalogue/target.ts';
import type { TargetWithTwins } from './snapshot.ts';

/** The targets as requests see them: every alias is a version, and each version has its twins. */
export interface ResolvedTargets {
  readonly withTwins: ReadonlyMap<string, TargetWithTwins>;
  readonly targets: ReadonlyMap<string, Target>;
  readonly servedTargets: readonly Target[];
}

/** Resolves what targets say of versions by the aliases as they stand. Pure; unknown aliases were refused before. */
export function resolveTargets({
  targets,
  aliases,
}: {
  readonly targets: ReadonlyMap<string, Target>;
  readonly aliases: ReadonlyMap<string, RegisteredAlias>;
}): ResolvedTargets {
  const choices = [...targets].flatMap(([key, target]) => {
    const resolved = targetChoices(target, aliases);
    return resolved === null ? [] : [[key, resolved] as const];
  });
  const servedTargets = choices.flatMap(([, resolved]) => resolved.map(({ target }) => target));
  const place = (target: Target) => ({ target, twins: twinsOf(target, servedTargets), ramp: null });
  const withTwins = choices.map(([key, resolved]): [string, TargetWithTwins] => {
    const ramp = resolved.map(({ target, ...share }) => ({ ...place(target), ...share }));
    return [key, { ...place(resolved[0].target), ramp: ramp.length > 1 ? ramp : null }];
  });
  return {
    withTwins: new Map(withTwins),
    targets: new Map(withTwins.map(([key, { target }]) => [key, target])),
    servedTargets,
  };
}
