import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf, guidePages } from '../support/guide-blocks.ts';
import { GuideReader } from '../support/guide-reader.ts';

let reader: GuideReader;

beforeAll(async () => {
  reader = await GuideReader.start();
});

afterAll(() => reader.stop());

const OTHERS = guidePages().filter((page) => page !== 'quickstart' && blocksOf(page).length > 0);

describe('the guide', () => {
  it('begins with a quickstart that works as it stands', async () => {
    await reader.follow(blocksOf('quickstart'));
    expect(await reader.log('gateway')).toContain('"msg":"listening"');
  });

  it.each(OTHERS)('goes on from there with %s, which works as it stands', async (page) => {
    await reader.follow(blocksOf(page));
  });
});
