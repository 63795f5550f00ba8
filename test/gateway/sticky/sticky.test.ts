import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { assign } from '../../../experiments/assignment.ts';
import { NOTHING_KNOWN } from '../../../experiments/check.ts';
import type { KeptAssignment } from '../../../experiments/sticky.ts';
import type { RequestContext } from '../../../gateway/http/request-context.ts';
import { Sticky } from '../../../gateway/sticky/sticky.ts';
import { compiledWith, variantsOf } from '../../support/experiments.ts';

const KEPT_MS = 1_000;
const compiled = compiledWith({ sticky: {} });
const reweighed = compiledWith({ sticky: {}, variants: variantsOf([0, 10_000]) });

/** A database in memory, which can be away, or stand still. */
function database() {
  const kept = new Map<string, KeptAssignment>();
  const state: { mode: 'here' | 'away' | 'still'; queries: string[][] } = { mode: 'here', queries: [] };
  const answer = async <T>(value: () => T): Promise<T> => {
    if (state.mode === 'away') throw new Error('away');
    if (state.mode === 'still') return Promise.withResolvers<T>().promise;
    return value();
  };
  return {
    kept,
    state,
    stickyAssignments: (ids: readonly string[]) => {
      state.queries.push([...ids]);
      return answer(() => new Map([...kept].filter(([id]) => ids.includes(id))));
    },
    keepAssignments: (assignments: ReadonlyMap<string, KeptAssignment>) =>
      answer(() => {
        const late = [...assignments.keys()].filter((id) => kept.has(id));
        for (const [id, one] of assignments) if (!kept.has(id)) kept.set(id, one);
        return late;
      }),
  };
}

function gateway(store: ReturnType<typeof database>, tenant = 'acme') {
  const registry = new Registry();
  const sticky = new Sticky({ store, keptMs: KEPT_MS, registry, logger: pino({ level: 'silent' }) });
  const unitKeys = new Map(['acme', 'globex'].map((key) => [key, Buffer.alloc(32, key)]));
  const request = () =>
    ({
      tenant: { key: tenant, attributes: {} },
      configuration: { unitKeys },
      knowledge: NOTHING_KNOWN,
    }) as unknown as RequestContext;
  const ask = async (user: string, experiment = compiled) => {
    const context = request();
    await sticky.learn(context, [experiment], { user });
    const assignment = assign([experiment], { user }, context.knowledge);
    if (assignment.kind !== 'enrolled') throw new Error(assignment.reason);
    const { keep, variant, revision, propensityBp } = assignment;
    if (keep !== null) sticky.keep(context, keep, { variant: variant.key, revision, propensityBp });
    return variant.key;
  };
  const counted = async (name: string) => {
    const metric = await registry.getSingleMetric(`switchyard_sticky_${name}_total`)?.get();
    return Object.fromEntries(metric?.values.map(({ labels, value }) => [labels['outcome'], value]) ?? []);
  };
  return { sticky, ask, counted };
}

const USERS = Array.from({ length: 40 }, (_, index) => `user-${index}`);
const all = (ask: (user: string) => Promise<string>) => Promise.all(USERS.map((user) => ask(user)));

describe('sticky assignments of a gateway', () => {
  it('are there for every other gateway, under pseudonyms', async () => {
    const store = database();
    const first = gateway(store);
    const variants = await all(first.ask);
    expect(new Set(variants).size).toBe(2);
    await first.sticky.stop();
    const second = gateway(store);
    expect(await all((user) => second.ask(user, reweighed))).toEqual(variants);
    expect([...store.kept.keys()].join()).not.toContain('user-1');
    const stranger = gateway(store, 'globex');
    expect(new Set(await all((user) => stranger.ask(user, reweighed)))).toEqual(new Set(['v1']));
  });

  it('are asked for together, and once', async () => {
    const store = database();
    const { ask, sticky, counted } = gateway(store);
    await all(ask);
    await all(ask);
    await sticky.stop();
    expect(store.state.queries.map((ids) => ids.length)).toEqual([USERS.length]);
    expect(await counted('lookups')).toEqual({ missing: USERS.length, kept: USERS.length });
    expect(await counted('writes')).toEqual({ kept: USERS.length });
  });

  it.each(['away', 'still'] as const)(
    'are the plain draw while the database is %s, soon and counted',
    async (mode) => {
      const store = database();
      const { ask, counted } = gateway(store);
      store.state.mode = mode;
      const startedMs = performance.now();
      expect(new Set(await all((user) => ask(user, reweighed)))).toEqual(new Set(['v1']));
      expect(performance.now() - startedMs).toBeLessThan(1_000);
      expect(await counted('lookups')).toEqual({ unavailable: USERS.length });
    },
  );

  it('that could not be written are written by the next use of each', async () => {
    const store = database();
    const { ask, sticky, counted } = gateway(store);
    store.state.mode = 'away';
    await ask('user-1');
    await sticky.stop();
    expect(await counted('writes')).toEqual({ lost: 1 });
    store.state.mode = 'here';
    await ask('user-1');
    await sticky.stop();
    expect(store.kept.size).toBe(1);
  });

  it('of two gateways at once are those of the first', async () => {
    const store = database();
    const [first, second] = [gateway(store), gateway(store)];
    // Neither has seen what the other one does, and between them the weights changed.
    const user = USERS.find((id) => assignedTo(id) === 'v0') ?? '';
    await Promise.all([first.ask(user), second.ask(user, reweighed)]);
    await Promise.all([first.sticky.stop(), second.sticky.stop()]);
    expect(await second.counted('writes')).toEqual({ kept: 0, late: 1 });
    expect(await second.ask(user, reweighed)).toBe('v0');
  });
});

function assignedTo(user: string): string | null {
  const assignment = assign([compiled], { user });
  return assignment.kind === 'enrolled' ? assignment.variant.key : null;
}
