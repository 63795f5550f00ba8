import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { GuardrailCounters } from '../../../gateway/guardrails/guardrail-counters.ts';
import { GuardrailWatch } from '../../../gateway/guardrails/guardrail-watch.ts';
import type { HaltVariant } from '../../../gateway/guardrails/halt-variant.ts';
import type { Snapshot } from '../../../gateway/snapshot/snapshot.ts';
import { createLogger } from '../../../gateway/telemetry/logger.ts';
import { exposure } from '../../support/records.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import {
  answersUntilHalt,
  WATCHED_UNITS,
  type Watching,
  watchedSnapshot,
} from '../../support/watched-experiment.ts';

/** Answers until a halt, looking after every hundredth. */
const untilHalt = (answers: number, random: () => number, served: Watching['served']) =>
  answersUntilHalt({ counters: new GuardrailCounters(), random, answers, every: 100, served });

/** Long enough for a watch that looks every millisecond to have looked twice. */
const settled = () => sleep(20);

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(1);
}

describe('the guardrails of a gateway', () => {
  it('leave variants alone that do no harm, however often one looks and however the errors cluster', () => {
    let halted = 0;
    for (let run = 0; run < 150; run += 1) {
      const random = seededRandom(run);
      // Some users fail always, and are slow: what one answer is says much of that user's others.
      const bad = new Set(Array.from({ length: 20 }, () => Math.floor(random() * WATCHED_UNITS.length)));
      const served = (_treated: boolean, { user }: { user: number }) => ({
        status: bad.has(user) || random() < 0.01 ? 500 : 200,
        latencyMs: (bad.has(user) ? 200 : 20) * -Math.log(random()),
      });
      if (untilHalt(4_000, random, served) !== null) halted += 1;
    }
    // At the declared level of 0.5 % one in 150 or so; more than three would come about once in 1,000 times.
    expect(halted).toBeLessThanOrEqual(3);
  });

  it('halt a variant that fails, within some hundred answers', () => {
    const random = seededRandom(1);
    const answers = untilHalt(5_000, random, (treated) => ({
      status: treated && random() < 0.3 ? 502 : 200,
      latencyMs: 10,
    }));
    expect(answers).not.toBeNull();
    expect(answers).toBeLessThanOrEqual(1_000);
  });

  it('halt a variant that answers nothing but errors', () => {
    const served = (treated: boolean) => ({ status: treated ? 502 : 200, latencyMs: 10 });
    expect(untilHalt(5_000, seededRandom(1), served)).toBeLessThanOrEqual(400);
  });

  it('halt a variant that is much slower', () => {
    const random = seededRandom(2);
    const answers = untilHalt(5_000, random, (treated) => ({
      status: 200,
      latencyMs: (treated ? 60 : 20) * (0.5 + random()),
    }));
    expect(answers).toBeLessThanOrEqual(1_000);
  });

  it('tolerate what nobody would notice', () => {
    const random = seededRandom(3);
    const served = (treated: boolean) => ({
      status: 200,
      latencyMs: (treated ? 24 : 20) * (0.9 + 0.2 * random()),
    });
    expect(untilHalt(5_000, random, served)).toBeNull();
  });

  it('halt again what somebody has let go on only for what comes after', async () => {
    const counters = new GuardrailCounters();
    const serve = (status: number) => {
      for (const [user, unit] of WATCHED_UNITS.entries()) {
        const variant = user % 2 === 1 ? 'treatment' : 'control';
        counters.observe(exposure({ id: 'x', unit, variant, status: variant === 'control' ? 200 : status }));
      }
    };
    let current: Snapshot = watchedSnapshot();
    let halts = 0;
    const halt: HaltVariant = async (made) => {
      halts += 1;
      const key = `${made.experiment}.${made.variant}`;
      current = { ...current, halts: new Map([[key, { ...made, key }]]) };
      return true;
    };
    const logger = createLogger('silent');
    const watch = new GuardrailWatch({ counters, current: () => current, halt, logger, intervalMs: 1 });
    serve(502);
    watch.start();
    await until(() => halts === 1);
    await settled();
    current = watchedSnapshot();
    await settled();
    expect(halts).toBe(1);
    serve(502);
    await until(() => halts === 2);
    await watch.stop();
  });

  it('begin anew when the weights change', () => {
    const counters = new GuardrailCounters();
    for (const unit of WATCHED_UNITS) counters.observe(exposure({ unit, status: 500, propensityBp: 9_000 }));
    expect(counters.moments('ranker-v2', 'control', 'error-rate')?.mean).toBe(1);
    for (const unit of WATCHED_UNITS) counters.observe(exposure({ unit, status: 200, propensityBp: 5_000 }));
    expect(counters.moments('ranker-v2', 'control', 'error-rate')).toMatchObject({ n: 400, mean: 0 });
  });
});
