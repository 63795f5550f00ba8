import { describe, expect, it } from 'vitest';
import { compileAudience } from '../../../experiments/audience/compile-audience.ts';
import { previewAudience } from '../../../gateway/analysis/preview-audience.ts';
import { digestOf } from '../../support/pipeline.ts';
import { exposure } from '../../support/records.ts';

const AS_OF = Date.UTC(2026, 10, 21);
const DAY_MS = 86_400_000;

async function matchingOf(audience: unknown) {
  const digest = await digestOf([
    {
      exposures: [
        exposure({
          unit: 'a',
          tenant: 'acme',
          dimensions: { platform: 'ios', 'device.cores': '8', beta: 'true' },
        }),
        exposure({ unit: 'a', tenant: 'acme', dimensions: { platform: 'web' } }),
        exposure({ unit: 'b', tenant: 'acme', dimensions: { platform: 'web', 'device.cores': '4' } }),
        exposure({ unit: 'c', tenant: 'globex', dimensions: { platform: 'web' } }),
        exposure({ unit: 'd', tenant: 'globex', at: AS_OF - 15 * DAY_MS, dimensions: { platform: 'ios' } }),
        exposure({ unit: 'e', tenant: 'globex', experiment: 'by-session', dimensions: { platform: 'ios' } }),
      ],
    },
  ]);
  const compiled = compileAudience(audience, new Map());
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.issues));
  return previewAudience(digest, {
    endpoint: 'movie-ranking',
    experiments: ['ranker-v2', 'not-begun'],
    matches: compiled.matches,
    tenantAttributes: (tenant) => (tenant === 'acme' ? { plan: 'pro' } : {}),
    days: 14,
    asOfMs: AS_OF,
  });
}

describe('previewAudience', () => {
  it('counts the units of the last days behind every combination of tenant and recorded attributes that matches', async () => {
    expect(await matchingOf({})).toEqual({ units: 3, matching: 3 });
    expect(await matchingOf({ 'tenant.plan': 'pro' })).toEqual({ units: 3, matching: 2 });
    expect(await matchingOf({ 'tenant.key': 'globex', platform: 'ios' })).toEqual({ units: 3, matching: 0 });
  });

  it('reads what was recorded as text as the number or boolean that it was, and paths as paths', async () => {
    expect(await matchingOf({ 'device.cores': { $gte: 8 } })).toEqual({ units: 3, matching: 1 });
    expect(await matchingOf({ device: { $exists: true }, beta: true })).toEqual({ units: 3, matching: 1 });
    expect(await matchingOf({ 'device.cores': '4' })).toEqual({ units: 3, matching: 1 });
  });

  it('counts a unit once that was seen in several ways', async () => {
    expect(await matchingOf({ platform: { $in: ['ios', 'web'] }, 'tenant.key': 'acme' })).toEqual({
      units: 3,
      matching: 2,
    });
  });
});
