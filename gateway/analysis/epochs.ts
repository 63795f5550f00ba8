import type { DuckDBConnection } from '@duckdb/node-api';
import type { SampledArm } from '../../experiments/analysis/sample-ratio.ts';
import type { Experiment } from '../../experiments/experiment.ts';
import { FULL_SHARE_BP } from '../../experiments/key.ts';
import { rowsOf } from '../pipeline/query.ts';

/** A period within which every unit was drawn with the same weights: revisions from this one to the next epoch's. */
export interface Epoch {
  readonly fromRevision: number;
  /** When it was first used, milliseconds since the epoch. */
  readonly fromMs: number;
  /** By variant, basis points. */
  readonly weights: ReadonlyMap<string, number>;
}

/** One revision as the exposures show it: the weights of the variants that were seen. */
interface DrawnRevision {
  readonly revision: number;
  readonly fromMs: number;
  readonly weights: ReadonlyMap<string, number>;
}

/** The epochs of the table `exposure_count`, in order; empty before the first exposure. */
export async function readEpochs(connection: DuckDBConnection, { variants }: Experiment): Promise<Epoch[]> {
  const rows = await rowsOf<{ revision: number; variant: string; propensity_bp: number; from_ms: number }>(
    connection,
    `SELECT revision, variant, max(propensity_bp) AS propensity_bp, min(from_ms) AS from_ms
     FROM exposure_count GROUP BY revision, variant ORDER BY revision`,
  );
  const drawn = [...Map.groupBy(rows, ({ revision }) => revision)].map(([revision, seen]) => ({
    revision,
    fromMs: Math.min(...seen.map(({ from_ms }) => from_ms)),
    weights: new Map(seen.map(({ variant, propensity_bp }) => [variant, propensity_bp])),
  }));
  return epochsOf(
    drawn,
    variants.map(({ key, weight }) => [key, weight] as const),
  );
}

/**
 * Joins successive revisions that no variant's weight contradicts. What a variant that was not seen would have got is
 * its weight of today, where the others have theirs, or else its part of what is left.
 */
function epochsOf(
  revisions: readonly DrawnRevision[],
  today: readonly (readonly [variant: string, weight: number])[],
): Epoch[] {
  const epochs: { fromRevision: number; fromMs: number; weights: Map<string, number> }[] = [];
  for (const { revision, fromMs, weights } of revisions) {
    const last = epochs.at(-1);
    const changed = [...weights].some(
      ([variant, weight]) => (last?.weights.get(variant) ?? weight) !== weight,
    );
    if (last === undefined || changed)
      epochs.push({ fromRevision: revision, fromMs, weights: new Map(weights) });
    else for (const [variant, weight] of weights) last.weights.set(variant, weight);
  }
  return epochs.map((epoch) => ({ ...epoch, weights: completed(epoch.weights, today) }));
}

function completed(
  seen: ReadonlyMap<string, number>,
  today: readonly (readonly [string, number])[],
): ReadonlyMap<string, number> {
  const unseen = today.filter(([variant]) => !seen.has(variant));
  const asToday = today.every(([variant, weight]) => (seen.get(variant) ?? weight) === weight);
  const left = FULL_SHARE_BP - [...seen.values()].reduce((sum, weight) => sum + weight, 0);
  return new Map([
    ...seen,
    ...unseen.map(
      ([variant, weight]) => [variant, asToday ? weight : Math.max(0, left) / unseen.length] as const,
    ),
  ]);
}

/** The units of each epoch as the sample-ratio checks take them, and over all epochs by how many were expected. */
export function sampledArms(
  epochs: readonly Epoch[],
  {
    variants,
    unitsOf,
  }: { readonly variants: readonly string[]; readonly unitsOf: (variant: string, epoch: number) => number },
): { readonly byEpoch: readonly (readonly SampledArm[])[]; readonly overall: readonly SampledArm[] } {
  const byEpoch = epochs.map(({ weights }, epoch) =>
    variants.map((variant) => ({ units: unitsOf(variant, epoch), weight: weights.get(variant) ?? 0 })),
  );
  const totals = byEpoch.map((arms) => arms.reduce((sum, { units }) => sum + units, 0));
  const overall = variants.map((_, arm) => ({
    units: byEpoch.reduce((sum, arms) => sum + (arms[arm]?.units ?? 0), 0),
    weight: byEpoch.reduce(
      (sum, arms, epoch) => sum + ((arms[arm]?.weight ?? 0) * (totals[epoch] ?? 0)) / FULL_SHARE_BP,
      0,
    ),
  }));
  return { byEpoch, overall };
}
