import { describe, expect, it } from 'vitest';
import { pseudonym } from '../../../gateway/pipeline/pseudonym.ts';

describe('a pseudonym', () => {
  it('is the beginning of the HMAC-SHA-256 of the id (RFC 4231, test case 2)', () => {
    const expected = Buffer.from('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843', 'hex');
    const made = pseudonym(Buffer.from('Jefe'), 'what do ya want for nothing?');

    expect(made).toBe(expected.toString('base64url').slice(0, 22));
  });

  it('is the same for the same key and id, and differs under another key', () => {
    const [ours, copy, theirs] = [Buffer.from('key-1'), Buffer.from('key-1'), Buffer.from('key-2')];

    expect(pseudonym(ours, 'zoë')).toBe(pseudonym(copy, 'zoë'));
    expect(pseudonym(ours, 'zoë')).not.toBe(pseudonym(theirs, 'zoë'));
  });
});
