import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { estimateCost } from '../../infra/cost/estimate.ts';
import { PRICES } from '../../infra/cost/prices.ts';
import { planPlacement } from '../../infra/placement.ts';
import { STACK_NAMES, settingsOf, stackOf } from '../support/stack-files.ts';

function estimateOf(name: string, changes: Readonly<Record<string, string>> = {}) {
  const settings = { ...settingsOf(stackOf(name)), ...changes };
  const planned = planPlacement(name, settings, new Set(['mongodbUri', 'adminApiKey']));
  return planned.ok ? estimateCost(planned.placement, PRICES) : expect.fail(planned.issues.join('\n'));
}

describe('the cost of a stack', () => {
  it.each(STACK_NAMES)('is neither nothing nor absurd for %s, in no line', (name) => {
    const { lines, monthlyUsd, mostMonthlyUsd, millionRequestsUsd } = estimateOf(name);
    for (const line of lines) {
      expect(line.monthlyUsd).toBeGreaterThan(0);
      expect(line.mostMonthlyUsd).toBeGreaterThanOrEqual(line.monthlyUsd);
    }
    // A gateway and a runner of the smallest size are some 60 dollars a cloud; forty large ones some 15,000.
    expect(monthlyUsd).toBeGreaterThan(60);
    expect(mostMonthlyUsd).toBeLessThan(15_000);
    for (const usd of Object.values(millionRequestsUsd)) {
      expect(usd).toBeGreaterThan(0.05);
      expect(usd).toBeLessThan(10);
    }
  });

  it('is of both clouds what it is of each', () => {
    const of = (name: string, cloud: string) =>
      estimateOf(name)
        .lines.filter((line) => line.cloud === cloud)
        .reduce((sum, line) => sum + line.monthlyUsd, 0);
    expect(of('both-dev', 'gcp')).toBeCloseTo(of('gcp-dev', 'gcp'));
    // AWS watches the other cloud as well.
    expect(of('both-dev', 'aws')).toBeCloseTo(of('aws-dev', 'aws') + PRICES.aws.healthCheckMonth);
  });

  it('grows with instances, and is fixed in everything else', () => {
    const gateway = JSON.stringify({
      size: 'small',
      minInstances: 3,
      maxInstances: 6,
      image: `sha256:${'a'.repeat(64)}`,
    });
    const fixed = (name: string, changes = {}) =>
      estimateOf(name, changes).lines.filter(({ item }) => !/^(gateway|lake)/.test(item));
    expect(fixed('aws-dev', { gateway })).toEqual(fixed('aws-dev'));
    // 3 × (1 vCPU and 2 GiB) for 730 hours.
    const [line] = estimateOf('aws-dev', { gateway }).lines;
    expect(line?.monthlyUsd).toBeCloseTo(3 * 730 * (0.04048 + 2 * 0.004445));
    expect(line?.mostMonthlyUsd).toBeCloseTo(2 * (line?.monthlyUsd ?? 0));
  });

  it('costs nothing for a service that has no image yet', () => {
    const gateway = JSON.stringify({ size: 'small' });
    expect(estimateOf('gcp-dev', { gateway }).lines[0]?.monthlyUsd).toBe(0);
  });

  it('is printed by a command', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['infra/cost/main.ts', 'both-production']);
    expect(stdout).toMatch(/^together +\d{3,4}\.\d\d +\d{4,5}\.\d\d$/m);
    expect(stdout).toContain(PRICES.date);
  });
});
