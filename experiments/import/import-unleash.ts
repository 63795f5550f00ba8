import { z } from 'zod';
import { type Imported, imported, keyFrom, type Read, skip } from './imported.ts';
import { conditionOf, constraintSchema } from './unleash-constraints.ts';

const variantSchema = z.looseObject({
  name: z.string(),
  weight: z.number(),
  stickiness: z.string().optional(),
  payload: z.looseObject({ type: z.string(), value: z.string() }).optional(),
  overrides: z.array(z.unknown()).default([]),
});

const strategySchema = z.looseObject({
  name: z.string(),
  parameters: z.record(z.string(), z.string()).default({}),
  constraints: z.array(constraintSchema).default([]),
  segments: z.array(z.number()).default([]),
  variants: z.array(variantSchema).default([]),
});
type Strategy = z.infer<typeof strategySchema>;

const featureSchema = z.looseObject({
  name: z.string(),
  strategies: z.array(strategySchema).default([]),
  /** Of the feature: for strategies without variants of their own. */
  variants: z.array(variantSchema).default([]),
});
type Feature = z.infer<typeof featureSchema>;

const segmentSchema = z.looseObject({
  id: z.number(),
  name: z.string().optional(),
  constraints: z.array(constraintSchema).default([]),
});
type Segment = z.infer<typeof segmentSchema>;

/** Features and segments as the client API of Unleash serves them. */
export const unleashExportSchema = z.looseObject({
  features: z.array(featureSchema),
  segments: z.array(segmentSchema).default([]),
});

const WHOLE = 100;

/**
 * The gradual rollouts with variants of an Unleash export, as drafts on one endpoint that keep every unit in its
 * bucket: the group as salt, rollout as allocation, and thousandths as weights (see hash murmur3-unleash). A variant's
 * payload is the parameter `value`. Segments are taken over as conditions. Of several strategies of a feature each is
 * an experiment, which leaves out whom those before it take. `default` stickiness is taken as `userId`.
 */
export function importUnleash(
  { features, segments }: z.infer<typeof unleashExportSchema>,
  endpoint: string,
): Imported {
  return imported([
    ...segments.map(readSegment),
    ...features.flatMap((feature, at) =>
      readFeature({ feature, segments, path: `/features/${at}`, endpoint }),
    ),
  ]);
}

/** A key of a segment's own: names need not be unique. */
const segmentKey = ({ id, name = 'segment' }: Segment) => keyFrom(`${name}-${id}`);

function readSegment(segment: Segment, at: number): Read {
  const path = `/segments/${at}`;
  const conditions = segment.constraints.map(conditionOf);
  const odd = segment.constraints.find((_, index) => conditions[index] === undefined);
  if (odd !== undefined) return skip(path, 'constraint', inexpressible(odd.operator));
  const condition = conditions.length === 0 ? {} : { $and: conditions };
  return { kind: 'segment', path, draft: { key: segmentKey(segment), condition } };
}

const inexpressible = (operator: string) => `it has a constraint ${operator} that no audience can express`;

interface Place {
  readonly feature: Feature;
  readonly segments: readonly Segment[];
  readonly path: string;
  readonly endpoint: string;
}

function readFeature(place: Place): Read[] {
  const { feature, path } = place;
  if (feature.strategies.length === 0) return [skip(path, 'strategies', `"${feature.name}" has no strategy`)];
  return feature.strategies.map((strategy, index) =>
    readStrategy(strategy, index, { ...place, path: `${path}/strategies/${index}` }),
  );
}

function readStrategy(strategy: Strategy, index: number, { feature, segments, path, endpoint }: Place): Read {
  const { parameters } = strategy;
  const variants = strategy.variants.length > 0 ? strategy.variants : feature.variants;
  if (strategy.name !== 'flexibleRollout' || variants.length < 2) {
    return skip(path, 'strategy', `"${strategy.name}" is no flexibleRollout with variants`);
  }
  const drawn = drawOf(strategy, variants);
  if (typeof drawn === 'string') return skip(path, 'stickiness', drawn);
  const group = parameters['groupId'] ?? feature.name;
  if (strategy.variants.length === 0 && group !== feature.name) {
    return skip(
      path,
      'group',
      `it rolls out by group "${group}", and the feature's variants are drawn by its name`,
    );
  }
  const own = audienceOf(strategy, segments);
  if (!own.ok) return skip(path, own.code, own.message);
  const before = feature.strategies.slice(0, index).map((earlier) => takenBy(earlier, segments));
  const unclear = before.find((taken) => typeof taken === 'string');
  if (typeof unclear === 'string') return skip(path, 'earlier-strategies', unclear);
  const conditions = [
    ...own.conditions,
    ...drawn.conditions,
    ...(before.length > 0 ? [{ $nor: before }] : []),
  ];
  return {
    kind: 'experiment',
    path,
    draft: {
      key: keyFrom(index === 0 ? feature.name : `${feature.name}-${index + 1}`),
      endpoint,
      unit: drawn.unit,
      audience: conditions.length === 0 ? {} : { $and: conditions },
      hash: 'murmur3-unleash',
      salt: group,
      allocation: rolloutOf(strategy) * 100,
      variants: variants.map(({ name, weight, payload }) => ({
        key: keyFrom(name),
        weight: weight * 10,
        parameters: { value: payload === undefined ? name : payload.value },
      })),
    },
  };
}

const rolloutOf = ({ parameters }: Strategy) => Number(parameters['rollout'] ?? '100');

interface Drawn {
  readonly unit: string;
  readonly conditions: readonly Record<string, unknown>[];
}

/** The one id that an experiment draws by, or why there is none. */
function drawOf(strategy: Strategy, variants: readonly z.infer<typeof variantSchema>[]): Drawn | string {
  if (variants.some(({ overrides }) => overrides.length > 0)) {
    return 'a variant has overrides, which count as drawn there: make them a strategy of their own';
  }
  const rollout = unitOf(strategy.parameters['stickiness']);
  // As in the published SDK the first variant's counts, for all.
  const unit = unitOf(variants[0]?.stickiness ?? strategy.parameters['stickiness']);
  if (unit === 'random') return 'its variants are drawn at random';
  if (unit === rollout) return { unit, conditions: [] };
  if (rolloutOf(strategy) < WHOLE) return `rollout is drawn by "${rollout}" and variants by "${unit}"`;
  const needsId = rollout !== 'random' && rollout !== 'userId';
  return { unit, conditions: needsId ? [isGiven(rollout)] : [] };
}

/** A rollout takes nobody who has not the id that it draws by. */
const isGiven = (id: string) => ({ [id]: { $exists: true, $ne: '' } });

function unitOf(stickiness = 'default'): string {
  return stickiness === 'default' ? 'userId' : stickiness;
}

type Audience =
  | { readonly ok: true; readonly conditions: readonly Record<string, unknown>[] }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** What a context must meet for a strategy: its constraints and its segments. */
function audienceOf(strategy: Strategy, segments: readonly Segment[]): Audience {
  const conditions: Record<string, unknown>[] = [];
  for (const constraint of strategy.constraints) {
    const condition = conditionOf(constraint);
    if (condition === undefined) {
      return { ok: false, code: 'constraint', message: inexpressible(constraint.operator) };
    }
    conditions.push(condition);
  }
  for (const id of strategy.segments) {
    const segment = segments.find((one) => one.id === id);
    if (segment === undefined)
      return { ok: false, code: 'segment', message: `segment ${id} is not in the export` };
    conditions.push({ $savedGroup: { id: segmentKey(segment) } });
  }
  return { ok: true, conditions };
}

/** Whom an earlier strategy takes, as a condition; in words where that is a draw, which no audience repeats. */
function takenBy(strategy: Strategy, segments: readonly Segment[]): Record<string, unknown> | string {
  const own = audienceOf(strategy, segments);
  if (!own.ok) return `of a strategy before it: ${own.message}`;
  const everybody = strategy.name === 'default';
  const whole = strategy.name === 'flexibleRollout' && rolloutOf(strategy) >= WHOLE;
  if (!everybody && !whole) {
    return 'a strategy before it takes a share of its units: make it the first, or let that one take all of its own';
  }
  const { stickiness = 'default' } = strategy.parameters;
  const anyId = everybody || stickiness === 'default' || stickiness === 'random';
  const conditions = anyId ? own.conditions : [...own.conditions, isGiven(stickiness)];
  return conditions.length === 0 ? {} : { $and: conditions };
}
