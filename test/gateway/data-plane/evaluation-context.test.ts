import { describe, expect, it } from 'vitest';
import { evaluationContext } from '../../../gateway/data-plane/evaluation-context.ts';

const tenant = { key: 'acme', attributes: { plan: 'pro' } };
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('the context of a request', () => {
  it('joins the header and the parameters, and the parameters win', () => {
    const headers = { 'x-switchyard-context': encode({ user: 'u1', country: 'DE' }) };
    const parameters = { 'context.country': 'FR', 'context.age': 3, priority: 1 };
    expect(evaluationContext({ headers, parameters, tenant, units: [] })).toEqual({
      user: 'u1',
      country: 'FR',
      age: 3,
      tenant: { key: 'acme', plan: 'pro' },
    });
  });

  it('takes the shorthand for the unit that the experiments randomise, where the unit is not given', () => {
    const headers = { 'x-switchyard-unit': 'short' };
    expect(evaluationContext({ headers, tenant, units: ['user'] })['user']).toBe('short');
    const given = { ...headers, 'x-switchyard-context': encode({ user: 'long' }) };
    expect(evaluationContext({ headers: given, tenant, units: ['user'] })['user']).toBe('long');
  });

  it('never lets a request set the attributes of its tenant', () => {
    const headers = { 'x-switchyard-context': encode({ tenant: { plan: 'enterprise', key: 'other' } }) };
    const parameters = { 'context.tenant': 'x', 'context.tenant.plan': 'enterprise' };
    const context = evaluationContext({ headers, parameters, tenant, units: [] });
    expect(context['tenant']).toEqual({ key: 'acme', plan: 'pro' });
  });

  it.each([
    ['not base64url of JSON', '%%%'],
    ['no object', encode([1])],
    ['null', encode(null)],
  ])('refuses a header that is %s', (_what, header) => {
    expect(() =>
      evaluationContext({ headers: { 'x-switchyard-context': header }, tenant, units: [] }),
    ).toThrow(/x-switchyard-context/);
  });

  it('does not change what every object inherits', () => {
    const headers = {
      'x-switchyard-context': Buffer.from('{"__proto__":{"admin":true}}').toString('base64url'),
    };
    const context = evaluationContext({
      headers,
      parameters: { 'context.__proto__': 'x' },
      tenant,
      units: [],
    });
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
    expect(context['admin']).toBeUndefined();
  });
});
