import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { StoredDocument } from '../../../experiments/store/configuration-store.ts';
import { advanceCanaries } from '../../../gateway/canaries/advance-canaries.ts';
import { watchCanaries } from '../../../gateway/canaries/watch-canaries.ts';
import { GuardrailCounters } from '../../../gateway/guardrails/guardrail-counters.ts';
import { compileSnapshot } from '../../../gateway/snapshot/compile-snapshot.ts';
import { createLogger } from '../../../gateway/telemetry/logger.ts';
import { type Alias, aliasSchema } from '../../../models/catalogue/alias.ts';

const trying = (fields: object = {}): Alias =>
  aliasSchema.parse({
    alias: 'live',
    versions: [
      { version: 'v1', weight: 9_000 },
      { version: 'v2', weight: 1_000 },
    ],
    canary: { version: 'v2', steps: [5_000], dwellMinutes: 30, ...fields },
  });

function snapshotWith(alias: Alias, revision: number) {
  const compiled = compileSnapshot(1, []);
  if (!compiled.ok) throw new Error('an empty configuration compiles');
  return { ...compiled.snapshot, aliases: new Map([['scorer/live', { ...alias, revision }]]) };
}

/** A thousand answers, a tenth of them the canary's, which takes so long for each. */
function served(canaryMs: number): GuardrailCounters {
  const trials = new GuardrailCounters();
  for (let answer = 0; answer < 2_000; answer++) {
    const canary = answer % 10 === 0;
    trials.observe({
      experiment: 'scorer/live@1',
      variant: canary ? 'v2' : 'v1',
      propensityBp: canary ? 1_000 : 9_000,
      unit: createHash('sha256').update(String(answer)).digest('base64url'),
      status: 200,
      error: null,
      latencyMs: (canary ? canaryMs : 20) * (0.9 + 0.02 * (answer % 11)),
    });
  }
  return trials;
}

/** What is taken back on the first look. */
async function takenBack(alias: Alias, trials: GuardrailCounters, revision = 1) {
  const found: { readonly version: string; readonly reason: string }[] = [];
  const watch = watchCanaries({
    trials,
    current: () => snapshotWith(alias, revision),
    rollBack: async (harmful) => found.push(harmful) > 0,
    logger: createLogger('silent'),
    intervalMs: 60_000,
  });
  await watch.stop();
  return found;
}

describe('the watch over canaries', () => {
  it('takes back one that is much slower, and leaves one that is not', async () => {
    expect(await takenBack(trying(), served(60))).toMatchObject([
      { version: 'v2', reason: expect.stringMatching(/^latency is 60\.\d ms in v2 and 20\.\d ms in v1/) },
    ]);
    expect(await takenBack(trying(), served(21))).toEqual([]);
  });

  it('holds nothing against one that was counted before the alias changed', async () => {
    expect(await takenBack(trying(), served(60), 2)).toEqual([]);
  });
});

describe('the steps of canaries', () => {
  const START = Date.parse('2026-01-01T00:00:00Z');
  const stored = (alias: Alias): StoredDocument => ({
    kind: 'aliases',
    key: 'scorer/live',
    revision: 1,
    value: alias,
    createdAt: new Date(START).toISOString(),
    updatedAt: new Date(START).toISOString(),
  });
  /** What one round makes of what is stored, when the gateway knows something else. */
  async function made(minutes: number, known: Alias, current: StoredDocument | null = stored(known)) {
    let step: unknown = null;
    await advanceCanaries({
      documents: [stored(known)],
      now: () => new Date(START + minutes * 60_000),
      writer: {
        change: async ({ next }) => {
          step = next(current);
          return null;
        },
      },
    });
    return step;
  }

  it('come when the weight was held for long enough, and not before', async () => {
    expect(await made(29, trying())).toBeNull();
    expect(await made(30, trying())).toMatchObject({
      versions: [{ weight: 5_000 }, { weight: 5_000 }],
      canary: { version: 'v2', dwellMinutes: 30 },
    });
  });

  it('do not come where there is none left, or somebody was there first', async () => {
    expect(await made(999, trying({ steps: undefined }))).toBeNull();
    expect(await made(999, trying(), null)).toBeNull();
    const { canary: _ended, ...settled } = trying();
    expect(await made(999, trying(), stored(settled))).toBeNull();
  });
});
