import { describe, expect, it } from 'vitest';
import { drawVersion } from '../../../gateway/data-plane/draw-version.ts';
import type { TargetWithTwins } from '../../../gateway/snapshot/snapshot.ts';
import type { Target } from '../../../models/catalogue/target.ts';

const target = (version: string): Target => ({
  key: 'best',
  kind: 'onnx',
  model: 'ranker',
  version,
  cloud: 'local',
  region: 'here',
});
function ramped(weights: Readonly<Record<string, number>>): TargetWithTwins {
  const ramp = Object.entries(weights).map(([version, weightBp]) => ({
    target: target(version),
    twins: [],
    ramp: null,
    weightBp,
    canaryOf: null,
  }));
  return { target: target('v1'), twins: [], ramp };
}
const ids = Array.from({ length: 4_000 }, (_, index) => `user-${index}`);
const drawn = (weights: Readonly<Record<string, number>>) =>
  ids.map((id) => drawVersion(ramped(weights), id).target.version);

describe('drawing a version', () => {
  it('gives each its share, and an id always the same one', () => {
    const versions = drawn({ v1: 9_000, v2: 1_000 });
    const second = versions.filter((version) => version === 'v2').length;
    expect(Math.abs(second - 400)).toBeLessThan(5 * Math.sqrt(4_000 * 0.1 * 0.9));
    expect(drawn({ v1: 9_000, v2: 1_000 })).toEqual(versions);
  });

  it('takes no id from a version that gains weight, in whatever order they are listed', () => {
    const before = drawn({ v1: 9_000, v2: 1_000 });
    const after = drawn({ v2: 3_000, v1: 7_000 });
    expect(before.every((version, index) => version !== 'v2' || after[index] === 'v2')).toBe(true);
    expect(drawn({ v1: 10_000, v2: 0 }).includes('v2')).toBe(false);
  });

  it('leaves a target with one version as it is', () => {
    const place = { target: target('v1'), twins: [], ramp: null };
    expect(drawVersion(place, 'anybody')).toBe(place);
  });
});
