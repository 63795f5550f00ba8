import { describe, expect, it } from 'vitest';
import type { Moments } from '../../experiments/analysis/moments.ts';
import { GuardrailCounters } from '../../gateway/guardrails/guardrail-counters.ts';
import { lakeBreaches } from '../../gateway/guardrails/lake-breaches.ts';
import { metricResult } from '../support/metric-results.ts';
import { RunningMoments } from '../support/running-moments.ts';
import { type Samplers, samplers } from '../support/samplers.ts';
import { average, errorBar, growingLooks, report, shareOf } from '../support/simulation.ts';
import { answersUntilHalt, type Watching } from '../support/watched-experiment.ts';

const GATEWAY_LEVEL = 0.005;
const LAKE_LEVEL = 0.05;
const LOOK_EVERY = 20;

/** What becomes of many experiments whose answers are looked at after every twentieth. */
function watched(
  runs: number,
  answers: number,
  { draw, served }: { draw: Samplers; served: () => Watching['served'] },
) {
  const found = Array.from({ length: runs }, () =>
    answersUntilHalt({
      counters: new GuardrailCounters(),
      random: draw.uniform,
      answers,
      every: LOOK_EVERY,
      served: served(),
    }),
  );
  const halts = found.filter((each) => each !== null);
  return { halted: halts.length / runs, answers: average(halts) };
}

describe('the guardrails of a gateway, looked at after every twentieth answer', () => {
  const harmless: [string, (draw: Samplers) => Watching['served']][] = [
    [
      'errors and latency alike',
      ({ bernoulli, lognormal }) =>
        () => ({ status: bernoulli(0.02) === 1 ? 502 : 200, latencyMs: 40 * lognormal(0.7) }),
    ],
    [
      'twenty of the users fail always, and are slow',
      ({ uniform, exponential }) => {
        const bad = new Set(Array.from({ length: 20 }, () => Math.floor(400 * uniform())));
        return (_treated, { user }) => ({
          status: bad.has(user) ? 502 : 200,
          latencyMs: exponential(bad.has(user) ? 200 : 20),
        });
      },
    ],
    [
      'an outage that hits both',
      ({ bernoulli, exponential }) =>
        (_treated, { place }) => {
          const out = place % 1_000 < 100;
          return {
            status: bernoulli(out ? 0.4 : 0.01) === 1 ? 502 : 200,
            latencyMs: exponential(out ? 200 : 20),
          };
        },
    ],
  ];

  it.each(harmless)('halt a harmless variant at most at their level: %s', (name, served) => {
    const draw = samplers(51);
    const { halted } = watched(400, 4_000, { draw, served: () => served(draw) });
    report(`guardrails of a gateway, ${name}, 200 looks`, { 'false alarms': halted, level: GATEWAY_LEVEL });

    expect(halted).toBeLessThanOrEqual(GATEWAY_LEVEL + errorBar(GATEWAY_LEVEL, 400));
  });

  it.each([
    [1, 400],
    [0.5, 600],
    [0.1, 4_000],
    [0.03, 40_000],
  ])('find that errors rose from 0.01 to %s', (after, most) => {
    const draw = samplers(52);
    const served: Watching['served'] = (treated) => ({
      status: draw.bernoulli(treated ? after : 0.01) === 1 ? 502 : 200,
      latencyMs: 10,
    });
    const { halted, answers } = watched(60, most, { draw, served: () => served });
    report(`guardrails of a gateway, errors 0.01 to ${after}`, { found: halted, 'mean answers': answers });

    expect(halted).toBeGreaterThan(0.95);
  });

  it.each([
    [1.5, 4_000],
    [1.25, 20_000],
  ])('find that lognormal latency rose by a factor of %s', (factor, most) => {
    const draw = samplers(54);
    const served: Watching['served'] = (treated) => ({
      status: 200,
      latencyMs: (treated ? factor : 1) * 100 * draw.lognormal(0.7),
    });
    const { halted, answers } = watched(60, most, { draw, served: () => served });
    report(`guardrails of a gateway, latency times ${factor}`, { found: halted, 'mean answers': answers });

    expect(halted).toBeGreaterThan(0.95);
  });
});

/** Three guardrails of an experiment as the lake shows them at growing numbers of units; those per arm until a breach, or null. */
function unitsUntilBreach({ bernoulli, lognormal }: Samplers, complaints: number): number | null {
  const arm = () => [new RunningMoments(), new RunningMoments(), new RunningMoments()] as const;
  const arms = { control: arm(), treatment: arm() };
  let seen = 0;
  for (const look of growingLooks(100, 10_000)) {
    for (; seen < look; seen += 1) {
      for (const [key, [complained, failed, waited]] of Object.entries(arms)) {
        complained.add(bernoulli(key === 'treatment' ? complaints : 0.05));
        failed.add(bernoulli(0.01));
        waited.add(40 * lognormal(0.7));
      }
    }
    const momentsOf = (index: 0 | 1 | 2): Record<string, Moments> => ({
      control: arms.control[index].moments,
      treatment: arms.treatment[index].moments,
    });
    const guardrail = { role: 'guardrail', direction: 'decrease' } as const;
    const breached = lakeBreaches([
      metricResult({ ...guardrail, key: 'complaints', moments: momentsOf(0) }),
      metricResult({ ...guardrail, key: 'error-rate', moments: momentsOf(1) }),
      metricResult({ ...guardrail, key: 'latency', kind: 'mean', moments: momentsOf(2) }),
    ]);
    if (breached.length > 0) return look;
  }
  return null;
}

describe('the guardrails on the lake, looked at as units come', () => {
  it('halt a harmless variant at most at their level, three guardrails and all looks together', () => {
    const draw = samplers(55);
    const runs = 600;
    const halted = shareOf(runs, () => unitsUntilBreach(draw, 0.05) !== null);
    report('guardrails on the lake, three, 50 looks', { 'false alarms': halted, level: LAKE_LEVEL });

    expect(halted).toBeLessThanOrEqual(LAKE_LEVEL + errorBar(LAKE_LEVEL, runs));
  });

  it.each([0.1, 0.075, 0.065])('find that complaints rose from 0.05 to %s', (after) => {
    const draw = samplers(56);
    const found = Array.from({ length: 100 }, () => unitsUntilBreach(draw, after));
    const breached = found.filter((units) => units !== null);
    report(`guardrails on the lake, complaints 0.05 to ${after}`, {
      found: breached.length / 100,
      'mean units per arm': average(breached),
    });

    expect(breached.length / 100).toBeGreaterThan(0.9);
  });
});
