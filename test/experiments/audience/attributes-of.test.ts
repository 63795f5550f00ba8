import { describe, expect, it } from 'vitest';
import { attributesOf } from '../../../experiments/audience/attributes-of.ts';
import { type Segment, segmentSchema } from '../../../experiments/segment.ts';

const NO_SEGMENTS: ReadonlyMap<string, Segment> = new Map();

describe('attributesOf', () => {
  it('finds every attribute that a condition reads, within combinations too, each once', () => {
    const condition = {
      'tenant.plan': 'pro',
      country: { $in: ['DE', 'AT'] },
      $or: [{ platform: 'ios' }, { $not: { platform: 'web', 'device.os': { $exists: true } } }],
      $nor: [{ $and: [{ version: { $vgte: '2.0.0' } }] }],
    };
    const found = ['tenant.plan', 'country', 'platform', 'device.os', 'version'];
    expect(attributesOf(condition, NO_SEGMENTS)).toEqual(found);
    expect(attributesOf({}, NO_SEGMENTS)).toEqual([]);
  });

  it('looks into the segments that it names', () => {
    const segments = new Map(
      [
        { key: 'beta', attribute: 'user', values: ['u1'] },
        { key: 'mobile', condition: { platform: { $in: ['ios', 'android'] }, $savedGroup: { id: 'beta' } } },
      ].map((segment) => [segment.key, segmentSchema.parse(segment)]),
    );
    expect(attributesOf({ $savedGroup: { id: 'mobile' } }, segments)).toEqual(['platform', 'user']);
    expect(attributesOf({ $savedGroup: { id: 'beta', attributeKey: 'email' } }, segments)).toEqual(['email']);
  });
});
