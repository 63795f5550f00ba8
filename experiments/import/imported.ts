import type { z } from 'zod';
import { type Experiment, experimentSchema } from '../experiment.ts';
import { type Issue, issuesOf } from '../issue.ts';

/** What came of another product's configuration: drafts that keep every unit where it is, and what cannot. */
export interface Imported {
  readonly experiments: readonly Experiment[];
  /** What was left out and why; paths point into what was given. */
  readonly skipped: readonly Issue[];
}

type Draft = z.input<typeof experimentSchema>;

/** One thing that was read: a draft, or the reason why there is none. */
export type Read = { readonly draft: Draft; readonly path: string } | { readonly skipped: Issue };

export function skip(path: string, code: string, message: string): Read {
  return { skipped: { path, code, message } };
}

/** Drafts as experiments; what an experiment cannot be is left out with what is wrong about it. */
export function imported(read: readonly Read[]): Imported {
  const experiments: Experiment[] = [];
  const skipped: Issue[] = [];
  for (const one of read) {
    if ('skipped' in one) {
      skipped.push(one.skipped);
      continue;
    }
    const parsed = experimentSchema.safeParse(one.draft);
    if (parsed.success) experiments.push(parsed.data);
    else skipped.push(...issuesOf(parsed.error, one.draft).map((issue) => ({ ...issue, path: one.path })));
  }
  return { experiments, skipped };
}

/** A name from elsewhere as a key: lower case, everything else a dash. */
export function keyFrom(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9._-]/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 63);
}
