import { z } from 'zod';
import type { Layer } from '../layer.ts';
import type { SlotRange } from '../slots.ts';
import { keyFrom } from './imported.ts';

/** Which units may be in an experiment, apart from its own draw. */
const filterSchema = z.looseObject({
  seed: z.string(),
  ranges: z.array(z.tuple([z.number(), z.number()])),
  hashVersion: z.number().default(2),
  attribute: z.string().default('id'),
});

export const layerFields = {
  namespace: z.tuple([z.string(), z.number(), z.number()]).optional(),
  filters: z.array(filterSchema).optional(),
};

interface Excluding {
  readonly hashAttribute: string;
  readonly namespace?: readonly [string, number, number] | undefined;
  readonly filters?: readonly z.infer<typeof filterSchema>[] | undefined;
}

export interface InLayer {
  readonly layer: Layer;
  readonly slots: SlotRange & { readonly key: string };
}

/** How many draws each version of the hash knows. */
const DRAWS = { 'growthbook-v1': 1_000, 'growthbook-v2': 10_000 } as const;

/**
 * The layer that a rule's filter or namespace amounts to, and the slots that it leaves to it; null where it has none,
 * and in words what of it no layer can be. Filters go before the namespace, as in the published SDK.
 */
export function layerOf({ filters = [], namespace, hashAttribute }: Excluding): InLayer | string | null {
  const [filter, ...others] = filters;
  if (others.length > 0) return 'it has several filters: an experiment is in one layer';
  if (filter !== undefined) {
    if (filter.attribute !== hashAttribute) {
      return `its filter draws "${filter.attribute}" and it draws "${hashAttribute}": both must be one`;
    }
    const hash = filter.hashVersion === 1 ? 'growthbook-v1' : 'growthbook-v2';
    return inLayer({ key: keyFrom(filter.seed), hash, salt: filter.seed }, filter.ranges);
  }
  if (namespace === undefined) return null;
  const [id, from, to] = namespace;
  return inLayer({ key: keyFrom(id), hash: 'growthbook-v1', salt: `__${id}` }, [[from, to]]);
}

/** The slots found as the SDK finds them: by comparing every possible draw, in floating point. */
function inLayer(
  layer: Layer & { readonly hash: keyof typeof DRAWS },
  ranges: readonly (readonly [number, number])[],
): InLayer | string {
  const draws = DRAWS[layer.hash];
  const width = 10_000 / draws;
  const inside = Array.from({ length: draws }, (_, draw) => draw).filter((draw) =>
    ranges.some(([from, to]) => draw / draws >= from && draw / draws < to),
  );
  const [first] = inside;
  const last = inside.at(-1);
  if (first === undefined || last === undefined) return 'nobody passes its filter: it takes no unit';
  if (last - first + 1 !== inside.length) return 'its filter has gaps: a layer gives an experiment one range';
  return { layer, slots: { key: layer.key, from: first * width, to: (last + 1) * width } };
}
