import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ADR = 'docs/adr';
const names = readdirSync(ADR).filter((name) => name.endsWith('.md'));

describe('decisions', () => {
  it('are numbered one by one, and each says its number itself', () => {
    const numbers = names.map((name) => Number(name.slice(0, 4))).sort((a, b) => a - b);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    for (const name of names) {
      const [title = ''] = readFileSync(join(ADR, name), 'utf8').split('\n');
      expect([name, title]).toEqual([name, expect.stringMatching(`^# ${Number(name.slice(0, 4))}\\. \\S`)]);
    }
  });
});
