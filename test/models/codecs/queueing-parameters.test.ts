import { describe, expect, it } from 'vitest';
import { queueingParameters } from '../../../models/codecs/queueing-parameters.ts';

describe('queueing parameters', () => {
  it('are a priority and a time to wait, in microseconds', () => {
    expect(queueingParameters({ parameters: { priority: 2, timeout: 1_500 } })).toEqual({
      priority: 2,
      queueTimeoutMs: 2,
    });
  });

  it('are none where a client has no wish, or says it in no number', () => {
    expect(queueingParameters({ parameters: { priority: 0, timeout: 0 } })).toEqual({});
    expect(queueingParameters({ parameters: { priority: 'high' } })).toEqual({});
    expect(queueingParameters({ parameters: {} })).toEqual({});
  });
});
