import { describe, expect, it } from 'vitest';
import { Cancellation } from '../../../gateway/targets/cancellation.ts';

describe('a cancellation', () => {
  it('tells everybody who listens once, and keeps its first reason', () => {
    const cancellation = new Cancellation();
    const heard: string[] = [];
    cancellation.onCancel((reason) => heard.push(reason));
    const stop = cancellation.onCancel(() => heard.push('stopped listening'));
    stop();
    cancellation.cancel('out-of-time');
    cancellation.cancel('client-left');
    expect(heard).toEqual(['out-of-time']);
    expect(cancellation.reason).toBe('out-of-time');
  });

  it('tells whoever comes late at once', () => {
    const cancellation = new Cancellation();
    cancellation.cancel('client-left');
    const heard: string[] = [];
    cancellation.onCancel((reason) => heard.push(reason));
    expect(heard).toEqual(['client-left']);
    expect(cancellation.signal().aborted).toBe(true);
  });

  it('is an AbortSignal for whoever needs one', () => {
    const cancellation = new Cancellation();
    const signal = cancellation.signal();
    expect(signal.aborted).toBe(false);
    cancellation.cancel('superseded');
    expect(signal).toMatchObject({ aborted: true, reason: 'superseded' });
  });
});
