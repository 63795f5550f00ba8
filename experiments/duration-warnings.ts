import type { Issue } from './issue.ts';

/** Beyond this few teams wait, and what units do has changed under the experiment. */
const PATIENCE_DAYS = 42;

/** What an experiment's primary metric needs, by the units that its endpoint really sees. */
export interface Outlook {
  readonly metric: string;
  /** Relative: 0.05 is five percent. */
  readonly effect: number;
  /** Null where no unit was ever seen there, and nothing can be said. */
  readonly basis: { readonly unitsPerDay: number } | null;
  readonly variants: readonly {
    readonly variant: string;
    readonly units: { readonly alwaysValid: number };
    readonly days: { readonly alwaysValid: number | null };
    readonly detectable: readonly { readonly days: number; readonly effect: number }[];
  }[];
}

/** Which variants would take longer than anybody waits to show the effect that is sought. */
export function durationWarnings({ metric, effect, basis, variants }: Outlook): Issue[] {
  if (basis === null) return [];
  const traffic = `at ${Math.round(basis.unitsPerDay)} new units a day`;
  return variants.flatMap(({ variant, units, days: { alwaysValid: days }, detectable }) => {
    if (days !== null && days <= PATIENCE_DAYS) return [];
    const needed = `an effect of ${percent(effect)} on "${metric}" takes ${Math.round(units.alwaysValid)} units`;
    const time = days === null ? 'which never come' : `about ${Math.round(days)} days`;
    const longest = detectable.at(-1);
    const instead =
      longest === undefined
        ? 'raise the allocation'
        : `raise the allocation, or look for a larger effect: ${longest.days} days show ${percent(longest.effect)}`;
    const message = `"${variant}": ${traffic}, ${needed}, ${time}; ${instead}`;
    return [{ path: '/allocation', code: 'underpowered', message }];
  });
}

/** Two digits say it. */
function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`;
}
