import { z } from 'zod';
import type { EvaluationContext } from './audience/compile-audience.ts';
import { drawSlot } from './bucketing.ts';
import { environmentNameSchema } from './environment.ts';
import { type Experiment, experimentSchema, measuredSchema, unitSchema } from './experiment.ts';
import { basisPointsSchema, FULL_SHARE_BP, keySchema } from './key.ts';
import { unitReader } from './unit-reader.ts';

/** Draws of holdouts are independent of those of layers and experiments. */
const HOLDOUT_SALT = 'holdout';

/**
 * A share of units that no experiment takes, so that all experiments together can be measured: of one
 * endpoint, or of every endpoint where none is named. Its key shares the names of experiments, under which its
 * exposures are recorded, in the variants `held-out` and `open`.
 */
export const holdoutSchema = z.strictObject({
  key: keySchema,
  name: z.string().max(200).optional(),
  endpoint: keySchema.optional(),
  environment: environmentNameSchema.default('production'),
  unit: unitSchema,
  share: basisPointsSchema.min(1, 'holds nobody out: give it at least 1 basis point').max(5_000),
  metrics: measuredSchema.optional(),
});
export type Holdout = z.infer<typeof holdoutSchema>;

/** A unit's place in a holdout, exposed like an assignment. */
export interface HoldoutMembership {
  readonly holdout: string;
  readonly revision: number;
  readonly unit: string;
  readonly unitId: string;
  readonly variant: 'held-out' | 'open';
  readonly propensityBp: number;
}

export interface CompiledHoldout {
  readonly holdout: Holdout;
  /** Undefined where the context does not name the unit: then nobody can tell. */
  readonly membershipOf: (context: EvaluationContext) => HoldoutMembership | undefined;
}

export function compileHoldout(holdout: Holdout, revision: number): CompiledHoldout {
  const { key, unit, share } = holdout;
  const unitIdOf = unitReader(unit);
  return {
    holdout,
    membershipOf: (context) => {
      const unitId = unitIdOf(context);
      if (unitId === undefined) return undefined;
      const heldOut = drawSlot(HOLDOUT_SALT, key, unitId) < share;
      return {
        holdout: key,
        revision,
        unit,
        unitId,
        variant: heldOut ? 'held-out' : 'open',
        propensityBp: heldOut ? share : FULL_SHARE_BP - share,
      };
    },
  };
}

/**
 * A holdout as the experiment it amounts to, for the verdict: held out is the control, and everything that runs
 * is what it is compared with.
 */
export function holdoutAsExperiment({
  key,
  endpoint,
  unit,
  share,
  metrics,
  environment,
}: Holdout): Experiment {
  return experimentSchema.parse({
    key,
    endpoint: endpoint ?? key,
    environment,
    unit,
    variants: [
      { key: 'held-out', weight: share },
      { key: 'open', weight: FULL_SHARE_BP - share },
    ],
    ...(metrics === undefined ? {} : { metrics }),
  });
}
