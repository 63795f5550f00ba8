import { describe, expect, it } from 'vitest';
import { drawSlot, LAYER_SALT } from '../../experiments/bucketing.ts';
import { layerSchema } from '../../experiments/layer.ts';

describe('layerSchema', () => {
  it.each(['homepage', 'variants', 'allocation-2', 'a.variant.b'])('takes the key %s', (key) => {
    expect(layerSchema.safeParse({ key }).success).toBe(true);
  });

  it.each(['variant', 'allocation', 'homepage.variant', 'homepage.allocation'])(
    'refuses the key %s, whose draws an experiment could repeat',
    (key) => {
      const [, layer = '', purpose = ''] = /^(?:(.*)\.)?(.*)$/.exec(key) ?? [];
      const salt = [LAYER_SALT, ...(layer === '' ? [] : [layer])].join('.');
      expect(drawSlot(salt, purpose, 'user-1')).toBe(drawSlot(LAYER_SALT, key, 'user-1'));
      expect(layerSchema.safeParse({ key }).error?.issues[0]?.message).toContain('must not be or end in');
    },
  );
});
