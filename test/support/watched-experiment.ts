import { createHash } from 'node:crypto';
import { experimentSchema } from '../../experiments/experiment.ts';
import { experimentStatusSchema } from '../../experiments/experiment-status.ts';
import type { GuardrailCounters } from '../../gateway/guardrails/guardrail-counters.ts';
import { breaches } from '../../gateway/guardrails/guardrail-watch.ts';
import { compileSnapshot } from '../../gateway/snapshot/compile-snapshot.ts';
import type { Snapshot } from '../../gateway/snapshot/snapshot.ts';
import { exposure } from './records.ts';

const EXPERIMENT = experimentSchema.parse({
  key: 'ranker-v2',
  endpoint: 'ranking',
  unit: 'user',
  variants: [
    { key: 'control', weight: 5_000, target: 'a' },
    { key: 'treatment', weight: 5_000, target: 'b' },
  ],
});

/** One experiment of two variants, running, and nothing else. */
export function watchedSnapshot(): Snapshot {
  const compiled = compileSnapshot(1, []);
  if (!compiled.ok) throw new Error('an empty configuration compiles');
  const status = experimentStatusSchema.parse({});
  const registered = { experiment: EXPERIMENT, state: 'running' as const, status, revision: 1 };
  return { ...compiled.snapshot, experiments: new Map([['ranker-v2', registered]]) };
}

const pseudonymOf = (user: number) =>
  createHash('sha256').update(String(user)).digest('base64url').slice(0, 22);
/** Pseudonyms of 400 users; those at odd places are in the treatment. */
export const WATCHED_UNITS = Array.from({ length: 400 }, (_, user) => pseudonymOf(user));

interface Served {
  readonly status: number;
  readonly latencyMs: number;
}

export interface Watching {
  readonly counters: GuardrailCounters;
  readonly random: () => number;
  /** How many answers there are in all, and after how many of them it is looked each time. */
  readonly answers: number;
  readonly every: number;
  readonly served: (treated: boolean, answer: { readonly user: number; readonly place: number }) => Served;
}

/** Sends answers to random users until a gateway's guardrails would halt the treatment; how many it took, or null. */
export function answersUntilHalt({ counters, random, answers, every, served }: Watching): number | null {
  const snapshot = watchedSnapshot();
  for (let place = 1; place <= answers; place += 1) {
    const user = Math.floor(random() * WATCHED_UNITS.length);
    const treated = user % 2 === 1;
    const variant = treated ? 'treatment' : 'control';
    const unit = WATCHED_UNITS[user] ?? '';
    counters.observe(exposure({ id: 'x', unit, variant, ...served(treated, { user, place }) }));
    if (place % every === 0 && breaches(snapshot, counters).length > 0) return place;
  }
  return null;
}
