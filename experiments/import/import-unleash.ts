import { z } from 'zod';
import { type Imported, imported, keyFrom, type Read, skip } from './imported.ts';

const constraintSchema = z.looseObject({
  contextName: z.string(),
  operator: z.string(),
  values: z.array(z.string()).default([]),
  value: z.string().optional(),
  inverted: z.boolean().default(false),
  caseInsensitive: z.boolean().default(false),
});
type Constraint = z.infer<typeof constraintSchema>;

const variantSchema = z.looseObject({
  name: z.string(),
  weight: z.number(),
  stickiness: z.string().default('default'),
  payload: z.looseObject({ type: z.string(), value: z.string() }).optional(),
  overrides: z.array(z.unknown()).default([]),
});

const strategySchema = z.looseObject({
  name: z.string(),
  parameters: z.record(z.string(), z.string()).default({}),
  constraints: z.array(constraintSchema).default([]),
  segments: z.array(z.unknown()).default([]),
  variants: z.array(variantSchema).default([]),
});
type Strategy = z.infer<typeof strategySchema>;

/** Features as the client API of Unleash serves them. */
export const unleashExportSchema = z.looseObject({
  features: z.array(z.looseObject({ name: z.string(), strategies: z.array(strategySchema).default([]) })),
});

/** Of numbers in a context; Unleash reads them from text too, which an audience does not. */
const COMPARISONS: Readonly<Record<string, string>> = {
  NUM_EQ: '$eq',
  NUM_GT: '$gt',
  NUM_GTE: '$gte',
  NUM_LT: '$lt',
  NUM_LTE: '$lte',
};

/**
 * The gradual rollouts with variants of an Unleash export, as drafts on one endpoint that keep every unit in its
 * bucket: the group as salt, rollout as allocation, and thousandths as weights (see hash murmur3-unleash). A
 * variant's payload is the parameter `value`. `default` stickiness is taken as `userId`.
 */
export function importUnleash({ features }: z.infer<typeof unleashExportSchema>, endpoint: string): Imported {
  return imported(
    features.flatMap(({ name, strategies }, at) =>
      strategies.length === 1 && strategies[0] !== undefined
        ? [readStrategy({ name, strategy: strategies[0], path: `/features/${at}`, endpoint })]
        : [
            skip(
              `/features/${at}`,
              'strategies',
              `"${name}" has ${strategies.length} strategies: one is taken over`,
            ),
          ],
    ),
  );
}

interface Place {
  readonly name: string;
  readonly strategy: Strategy;
  readonly path: string;
  readonly endpoint: string;
}

function readStrategy({ name, strategy, path, endpoint }: Place): Read {
  const { variants, constraints, parameters, segments } = strategy;
  if (strategy.name !== 'flexibleRollout' || variants.length < 2 || segments.length > 0) {
    return skip(path, 'strategy', `"${name}" is no flexibleRollout with variants and without segments`);
  }
  const unit = unitOf(parameters['stickiness']);
  const kept = variants.every(
    ({ stickiness, overrides }) => unitOf(stickiness) === unit && overrides.length === 0,
  );
  if (!kept || unit === 'random') {
    return skip(path, 'stickiness', `"${name}" draws rollout and variants by different ids, or at random`);
  }
  const conditions = constraints.map(conditionOf);
  const odd = constraints.find((_, index) => conditions[index] === undefined);
  if (odd !== undefined) {
    return skip(
      path,
      'constraint',
      `"${name}" has a constraint ${odd.operator} that no audience can express`,
    );
  }
  return {
    path,
    draft: {
      key: keyFrom(name),
      endpoint,
      unit,
      audience: conditions.length === 0 ? {} : { $and: conditions },
      hash: 'murmur3-unleash',
      salt: parameters['groupId'] ?? name,
      allocation: Number(parameters['rollout'] ?? '100') * 100,
      variants: variants.map(({ name: variant, weight, payload }) => ({
        key: keyFrom(variant),
        weight: weight * 10,
        parameters: { value: payload === undefined ? variant : payload.value },
      })),
    },
  };
}

function unitOf(stickiness = 'default'): string {
  return stickiness === 'default' ? 'userId' : stickiness;
}

function conditionOf({ contextName, operator, values, value, inverted, caseInsensitive }: Constraint) {
  if (caseInsensitive) return undefined;
  const test = testOf(operator, values, value);
  if (test === undefined) return undefined;
  return { [contextName]: inverted ? { $not: test } : test };
}

function testOf(operator: string, values: readonly string[], value: string | undefined) {
  if (operator === 'IN') return { $in: [...values] };
  if (operator === 'NOT_IN') return { $nin: [...values] };
  const comparison = COMPARISONS[operator];
  return comparison === undefined || value === undefined ? undefined : { [comparison]: Number(value) };
}
