import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TargetCredentials } from '../../../gateway/targets/credentials/target-credentials.ts';
import { type InProcessModels, Targets } from '../../../gateway/targets/targets.ts';
import { createTelemetry } from '../../../gateway/telemetry/metrics.ts';
import { targetSchema } from '../../../models/catalogue/target.ts';

const target = targetSchema.parse({
  key: 'pages',
  kind: 'http',
  cloud: 'local',
  region: 'here',
  url: 'http://127.0.0.1:1',
});
const secrets = new Map<string, string>();
const nothingRuns = () => Promise.reject(new Error('no model runs here'));
const inProcess: InProcessModels = { infer: nothingRuns, metadata: nothingRuns };

function newTargets(): Targets {
  const logger = { warn: () => undefined };
  const credentials = new TargetCredentials({
    secrets,
    awsWebIdentity: null,
    googleFederation: null,
    logger,
  });
  return new Targets({ credentials, secrets, inProcess, telemetry: createTelemetry() });
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

describe('leave to ask a target that failed', () => {
  const answered = (targets: Targets) =>
    targets.settle(target, { kind: 'answered' }, { latencyMs: 1, span: null });
  const ask = (targets: Targets) => targets.admit(target, { force: false })?.failure ?? 'leave';

  it('is not used up by a request that is shed: the next one with room is the probe', () => {
    const targets = newTargets();
    const { limit } = targets.load.of(target.key);
    while (limit.take());
    for (let failure = 0; failure < 5; failure++) targets.breakers.report(target.key, false);
    expect(ask(targets)).toBe('circuit-open');
    vi.advanceTimersByTime(1_000);
    expect(ask(targets)).toBe('shed');
    limit.release(null);
    expect([ask(targets), ask(targets)]).toEqual(['leave', 'circuit-open']);
  });

  it('is kept while it returns, too', () => {
    const targets = newTargets();
    const { limit } = targets.load.of(target.key);
    for (let failure = 0; failure < 5; failure++) targets.breakers.report(target.key, false);
    vi.advanceTimersByTime(1_000);
    expect(ask(targets)).toBe('leave');
    answered(targets);
    while (limit.take());
    const asked = Array.from({ length: 10 }, () => ask(targets));
    expect(asked).toEqual([...Array(9).fill('circuit-open'), 'shed']);
    limit.release(null);
    expect(ask(targets)).toBe('leave');
  });
});
