import { describe, expect, it } from 'vitest';
import { TargetBreakers } from '../../../gateway/targets/target-breakers.ts';

function breakersAt() {
  let nowMs = 0;
  const breakers = new TargetBreakers(() => nowMs);
  return {
    breakers,
    pass: (ms: number) => (nowMs += ms),
    fail: (times: number) => Array.from({ length: times }, () => breakers.report('a', false)),
  };
}

describe('the breaker of a target', () => {
  it('lets everything through until five failures in a row', () => {
    const { breakers, fail } = breakersAt();
    fail(4);
    expect(breakers.admit('a')).toBe(true);
    breakers.report('a', true);
    fail(4);
    expect(breakers.isOpen('a')).toBe(false);
    fail(1);
    expect(breakers.isOpen('a')).toBe(true);
    expect(breakers.admit('a')).toBe(false);
  });

  it('says nothing about another target', () => {
    const { breakers, fail } = breakersAt();
    fail(5);
    expect(breakers.admit('b')).toBe(true);
  });

  it('lets one probe through after a second, and starts slowly when it is answered', () => {
    const { breakers, pass, fail } = breakersAt();
    fail(5);
    pass(1_000);
    expect(breakers.admit('a')).toBe(true);
    expect(breakers.admit('a')).toBe(false);
    breakers.report('a', true);
    const admitted = (requests: number) =>
      Array.from({ length: requests }, () => breakers.admit('a')).filter(Boolean).length;
    expect(admitted(100)).toBe(10);
    pass(5_000);
    expect(admitted(100)).toBe(55);
    pass(5_000);
    expect(admitted(100)).toBe(100);
  });

  it('opens again at the first failure of a target that is returning', () => {
    const { breakers, pass, fail } = breakersAt();
    fail(5);
    pass(1_000);
    breakers.report('a', true);
    fail(1);
    expect(breakers.isOpen('a')).toBe(true);
  });

  it('rests again when the probe fails', () => {
    const { breakers, pass, fail } = breakersAt();
    fail(5);
    pass(1_000);
    expect(breakers.admit('a')).toBe(true);
    fail(1);
    expect(breakers.admit('a')).toBe(false);
    pass(1_000);
    expect(breakers.admit('a')).toBe(true);
  });

  it('sends another probe when the first one never reports', () => {
    const { breakers, pass, fail } = breakersAt();
    fail(5);
    pass(1_000);
    expect(breakers.admit('a')).toBe(true);
    pass(10_000);
    expect(breakers.admit('a')).toBe(true);
  });

  it('forgets a target that is no longer configured', () => {
    const { breakers, fail } = breakersAt();
    fail(5);
    breakers.keepOnly(new Map());
    expect(breakers.admit('a')).toBe(true);
  });
});
