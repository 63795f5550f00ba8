import { describe, expect, it } from 'vitest';
import { expressPath } from '../../../gateway/http/route.ts';

describe('the path of a route', () => {
  it.each([
    ['/livez', '/livez'],
    ['/admin/v1/tenants/{tenant}/keys/{id}', '/admin/v1/tenants/:tenant/keys/:id'],
    ['/v1/models/{endpoint}:predict', '/v1/models/:endpoint\\:predict'],
    ['/v1/proxy/{endpoint}/{+path}', '/v1/proxy/:endpoint{/*path}'],
  ])('%s is %s to Express', (path, expected) => {
    expect(expressPath(path)).toBe(expected);
  });
});
