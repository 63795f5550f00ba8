import type { z } from 'zod';
import { type Experiment, experimentSchema } from '../experiment.ts';
import { type Issue, issuesOf } from '../issue.ts';
import { type Layer, layerSchema } from '../layer.ts';
import { type Segment, segmentSchema } from '../segment.ts';

/** What came of another product's configuration: drafts that keep every unit where it is, and what cannot. */
export interface Imported {
  readonly experiments: readonly Experiment[];
  readonly layers: readonly Layer[];
  readonly segments: readonly Segment[];
  /** What was left out and why; paths point into what was given. */
  readonly skipped: readonly Issue[];
}

/** One thing that was read: a draft, with the layer that it is in, or the reason why there is none. */
export type Read =
  | { readonly kind: 'experiment'; readonly path: string; readonly draft: Draft; readonly layer?: Layer }
  | { readonly kind: 'segment'; readonly path: string; readonly draft: z.input<typeof segmentSchema> }
  | { readonly kind: 'skipped'; readonly issue: Issue };

type Draft = z.input<typeof experimentSchema>;

export function skip(path: string, code: string, message: string): Read {
  return { kind: 'skipped', issue: { path, code, message } };
}

/** Drafts as experiments, layers and segments; what cannot be one is left out with what is wrong about it. */
export function imported(read: readonly Read[]): Imported {
  const experiments: Experiment[] = [];
  const layers = new Map<string, Layer>();
  const segments: Segment[] = [];
  const skipped: Issue[] = [];
  const taken = <T>(schema: z.ZodType<T>, draft: unknown, path: string): T[] => {
    const parsed = schema.safeParse(draft);
    if (parsed.success) return [parsed.data];
    skipped.push(...issuesOf(parsed.error, draft).map((issue) => ({ ...issue, path })));
    return [];
  };
  for (const one of read) {
    if (one.kind === 'skipped') skipped.push(one.issue);
    else if (one.kind === 'segment') segments.push(...taken(segmentSchema, one.draft, one.path));
    else {
      const { layer, path } = one;
      const other = layer && layers.get(layer.key);
      if (layer !== undefined && other !== undefined && other.salt !== layer.salt) {
        const message = `its layer would be "${layer.key}", as is another one that is drawn by another seed: rename one there`;
        skipped.push({ path, code: 'layer', message });
        continue;
      }
      const [valid] = layer === undefined ? [] : taken(layerSchema, layer, path);
      if (valid !== undefined) layers.set(valid.key, valid);
      experiments.push(...taken(experimentSchema, one.draft, path));
    }
  }
  return { experiments, layers: [...layers.values()], segments, skipped };
}

/** A name from elsewhere as a key: lower case, everything else a dash. */
export function keyFrom(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9._-]/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 63);
}
