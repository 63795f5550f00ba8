import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../experiments/exposure.ts';
import { acceptOutcomes } from '../../../gateway/pipeline/outcomes.ts';
import { pseudonym } from '../../../gateway/pipeline/pseudonym.ts';
import { Problem } from '../../../gateway/problems.ts';

const NOW = Date.UTC(2026, 10, 20, 12);
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const tenantKey = Buffer.from('0123456789abcdef0123456789abcdef');

async function accept(body: unknown, append: (outcome: Outcome) => boolean = () => true) {
  const recorded: Outcome[] = [];
  const result = await acceptOutcomes(body, {
    tenant: 'acme',
    tenantKey,
    now: NOW,
    append: async (outcome) => append(outcome) && recorded.push(outcome) > 0,
  });
  return { ...result, recorded };
}

const item = (fields: object = {}) => ({ id: '1', event: 'rated', unit: 'user', unitId: 'zoë', ...fields });
const at = (ms: number) => new Date(ms).toISOString();

describe('taking outcomes in', () => {
  it('records the outcome under the pseudonym of its unit, now unless it says when', async () => {
    const { accepted, recorded } = await accept({
      outcomes: [item({ value: 4.5, requestId: 'r' }), item({ id: '2', at: '2026-11-20T12:30:00+01:00' })],
    });

    expect(accepted).toBe(2);
    expect(recorded).toEqual([
      {
        id: '1',
        tenant: 'acme',
        at: NOW,
        receivedAt: NOW,
        event: 'rated',
        unitType: 'user',
        unit: pseudonym(tenantKey, 'zoë'),
        value: 4.5,
        requestId: 'r',
      },
      expect.objectContaining({ id: '2', at: NOW - 30 * MINUTE_MS, value: null, requestId: null }),
    ]);
  });

  it('takes the good ones of a batch and names the others', async () => {
    const { accepted, rejected, recorded } = await accept({
      outcomes: [
        item(),
        item({ id: '2', value: '3', colour: 'red' }),
        'nothing',
        item({ id: '4', at: at(NOW + 5 * MINUTE_MS + 1) }),
        item({ id: '5', at: at(NOW - 30 * DAY_MS - 1) }),
        item({ id: '1', value: 9 }),
        item({ id: '7', unitId: undefined }),
        item({ id: '8', at: '2026-02-30T00:00:00Z' }),
        item({ id: '9', unit: 'tenant', unitId: 'globex' }),
      ],
    });

    expect(accepted).toBe(1);
    expect(recorded.map(({ id }) => id)).toEqual(['1']);
    expect(rejected.map(({ index, id, code }) => [index, id, code])).toEqual([
      [1, '2', 'invalid'],
      [2, null, 'invalid'],
      [3, '4', 'in-the-future'],
      [4, '5', 'too-old'],
      [5, '1', 'duplicate'],
      [6, '7', 'invalid'],
      [7, '8', 'invalid'],
      [8, '9', 'wrong-unit'],
    ]);
    expect(rejected[0]?.message).toContain('/value');
    expect(rejected[0]?.message).toContain('"colour" is not a field here');
  });

  it('takes outcomes up to the bounds of the clock', async () => {
    const { accepted } = await accept({
      outcomes: [item({ at: at(NOW + 5 * MINUTE_MS) }), item({ id: '2', at: at(NOW - 30 * DAY_MS) })],
    });

    expect(accepted).toBe(2);
  });

  it('counts an outcome of the tenant as its own, without an id', async () => {
    const { recorded } = await accept({ outcomes: [item({ unit: 'tenant', unitId: undefined })] });

    expect(recorded[0]?.unit).toBe(pseudonym(tenantKey, 'acme'));
  });

  it('says which ones could not be recorded, so that they are sent again', async () => {
    const { accepted, rejected } = await accept(
      { outcomes: [item(), item({ id: '2' })] },
      ({ id }) => id === '1',
    );

    expect(accepted).toBe(1);
    expect(rejected).toEqual([expect.objectContaining({ index: 1, code: 'not-recorded' })]);
  });

  it('refuses a body that is no batch of 1 to 1000', async () => {
    const tooMany = Array.from({ length: 1_001 }, (_, index) => item({ id: String(index) }));
    for (const body of [
      null,
      [],
      {},
      { outcomes: [] },
      { outcomes: 'x' },
      { outcomes: tooMany },
      { outcomes: [item()], x: 1 },
    ]) {
      await expect(accept(body)).rejects.toThrow(Problem);
    }
  });

  it('accounts for every item of any batch, and never repeats a unit id', async () => {
    const field = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.constant(undefined));
    const anything = fc.oneof(
      fc.jsonValue(),
      fc.record({
        id: field,
        event: field,
        unit: fc.constant('user'),
        unitId: fc.constant('secret-unit'),
        at: field,
        value: field,
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(anything, { minLength: 1, maxLength: 20 }), async (outcomes) => {
        const { accepted, rejected, recorded } = await accept({ outcomes });
        expect(accepted + rejected.length).toBe(outcomes.length);
        expect(recorded).toHaveLength(accepted);
        expect(JSON.stringify([rejected.map(({ message }) => message), recorded])).not.toContain(
          'secret-unit',
        );
      }),
    );
  });
});
