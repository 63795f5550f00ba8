import { z } from 'zod';
import { joined, type SlotRange, sizeOf } from '../slots.ts';
import { readGroups, savedGroupSchema, withSegments } from './growthbook-groups.ts';
import { layerFields, layerOf } from './growthbook-layer.ts';
import { type Imported, imported, keyFrom, type Read, skip } from './imported.ts';

const SLOTS = 10_000;

const ruleSchema = z.looseObject({
  key: z.string().optional(),
  seed: z.string().optional(),
  condition: z.record(z.string(), z.unknown()).optional(),
  hashAttribute: z.string().default('id'),
  hashVersion: z.number().default(1),
  variations: z.array(z.unknown()).optional(),
  weights: z.array(z.number()).optional(),
  coverage: z.number().optional(),
  ranges: z.array(z.tuple([z.number(), z.number()])).optional(),
  meta: z.array(z.looseObject({ key: z.string().optional() })).optional(),
  fallbackAttribute: z.string().optional(),
  disableStickyBucketing: z.boolean().default(false),
  ...layerFields,
});
type Rule = z.infer<typeof ruleSchema>;

/** A features payload, as GrowthBook's SDK endpoint serves it. */
export const growthBookPayloadSchema = z.looseObject({
  features: z.record(z.string(), z.looseObject({ rules: z.array(ruleSchema).default([]) })),
  savedGroups: z.record(z.string(), savedGroupSchema).default({}),
});

/** What would make an import draw other units than the SDK does. */
const NOT_KEPT: Readonly<Record<string, string>> = {
  parentConditions: 'prerequisites name features: add them as prerequisites by hand',
};

/**
 * The experiments of a features payload, as drafts on one endpoint that keep every unit in its bucket: version 2 of
 * the hash, the seed as salt, and for each variation exactly the slots that the published SDK gives it
 * (docs.growthbook.io/lib/build-your-own, getBucketRanges and chooseVariation). A variation is the parameter `value`.
 * Filters and namespaces become layers, saved groups segments, a fallback attribute what a sticky unit inherits from.
 */
export function importGrowthBook(
  { features, savedGroups }: z.infer<typeof growthBookPayloadSchema>,
  endpoint: string,
): Imported {
  const read = Object.entries(features).flatMap(([feature, { rules }]) =>
    rules.flatMap((rule, index) =>
      rule.variations === undefined ? [] : [readRule({ feature, rules, rule, index, endpoint })],
    ),
  );
  return imported([...readGroups(savedGroups), ...read]);
}

interface Place {
  readonly feature: string;
  readonly rules: readonly Rule[];
  readonly rule: Rule;
  readonly index: number;
  readonly endpoint: string;
}

function readRule({ feature, rules, rule, index, endpoint }: Place): Read {
  const path = `/features/${feature}/rules/${index}`;
  if (rule.hashVersion !== 2) {
    const message =
      'version 1 of the hash correlates the draws of similar keys and is not offered: set hashVersion 2 there, or start a new experiment';
    return skip(path, 'growthbook-v1', message);
  }
  const hindrance = Object.keys(NOT_KEPT).find((field) => rule[field] !== undefined);
  if (hindrance !== undefined) return skip(path, hindrance, NOT_KEPT[hindrance] ?? '');
  const earlier = rules.slice(0, index);
  if (earlier.some(takesAShare)) {
    return skip(path, 'earlier-rules', 'rules before it take a share of its units: make it the first');
  }
  const layer = layerOf(rule);
  if (typeof layer === 'string') return skip(path, 'layer', layer);
  const name = rule.key ?? feature;
  const owned = slotsByVariation(rule);
  const weights = weightsFor(owned);
  const taken = earlier.map(({ condition = {} }) => withSegments(condition));
  const audience = { ...withSegments(rule.condition ?? {}), ...(taken.length > 0 ? { $nor: taken } : {}) };
  if (taken.length > 0 && rule.condition?.['$nor'] !== undefined) {
    return skip(path, 'earlier-rules', 'its condition has a $nor of its own: make it the first rule');
  }
  const { fallbackAttribute } = rule;
  const isSticky = fallbackAttribute !== undefined && !rule.disableStickyBucketing;
  return {
    kind: 'experiment',
    path,
    ...(layer === null ? {} : { layer: layer.layer }),
    draft: {
      key: keyFrom(name),
      endpoint,
      unit: rule.hashAttribute,
      audience,
      hash: 'growthbook-v2',
      salt: rule.seed ?? name,
      ...(layer === null ? {} : { layer: layer.slots }),
      ...(isSticky ? { sticky: { inheritsFrom: fallbackAttribute } } : {}),
      variants: owned.map((slots, variation) => ({
        key: keyFrom(rule.meta?.[variation]?.key ?? String(variation)),
        weight: weights[variation] ?? 0,
        slots: [...slots],
        parameters: { value: rule.variations?.[variation] },
      })),
    },
  };
}

/** Whether a rule takes units by more than its condition. */
function takesAShare(rule: Rule): boolean {
  return ['variations', 'coverage', 'filters', 'parentConditions'].some((field) => rule[field] !== undefined);
}

/** The slots of each variation, found as the SDK finds them: by comparing every possible draw, in floating point. */
function slotsByVariation(rule: Rule): SlotRange[][] {
  const ranges = rule.ranges ?? bucketRanges(rule);
  const owned: SlotRange[][] = ranges.map(() => []);
  for (let slot = 0; slot < SLOTS; slot++) {
    const draw = slot / SLOTS;
    const owner = ranges.findIndex(([from, to]) => draw >= from && draw < to);
    owned[owner]?.push({ from: slot, to: slot + 1 });
  }
  return owned.map(joined);
}

function bucketRanges({ variations = [], coverage = 1, weights }: Rule): [number, number][] {
  const share = Math.min(1, Math.max(0, coverage));
  const equal = variations.map(() => 1 / variations.length);
  const sum = (weights ?? []).reduce((total, weight) => total + weight, 0);
  const usable = weights?.length === variations.length && sum >= 0.99 && sum <= 1.01;
  let start = 0;
  return (usable ? weights : equal).map((weight) => {
    const from = start;
    start += weight;
    return [from, from + share * weight];
  });
}

/** Basis points in proportion to slots: what is lost by rounding down goes to the first. */
function weightsFor(owned: readonly (readonly SlotRange[])[]): number[] {
  const sizes = owned.map(sizeOf);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const weights = sizes.map((size) => (total === 0 ? 0 : Math.floor((size * SLOTS) / total)));
  const missing = SLOTS - weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight, index) => (index === 0 ? weight + missing : weight));
}
