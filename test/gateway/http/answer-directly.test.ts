import { describe, expect, it } from 'vitest';
import { directPattern } from '../../../gateway/http/answer-directly.ts';

describe('a URL that is answered directly', () => {
  it.each([
    ['/v2/models/{endpoint}/infer', '/v2/models/ranking/infer', { endpoint: 'ranking' }],
    ['/v2/models/{endpoint}/infer', '/v2/models/ranking-2.1/infer?q=a%20b', { endpoint: 'ranking-2.1' }],
    ['/v1/models/{endpoint}:predict', '/v1/models/ranking:predict', { endpoint: 'ranking' }],
    ['/v1/proxy/{endpoint}/{+path}', '/v1/proxy/pages', { endpoint: 'pages' }],
    ['/v1/proxy/{endpoint}/{+path}', '/v1/proxy/pages//a;b/?c=/../d', { endpoint: 'pages' }],
  ])('of %s is %s', (path, url, params) => {
    expect(directPattern(path).exec(url)?.groups).toEqual(params);
  });

  it.each([
    ['/v2/models/{endpoint}/infer', '/v2/models/ranking/infer/'],
    ['/v2/models/{endpoint}/infer', '/v2/models/rankin%67/infer'],
    ['/v2/models/{endpoint}/infer', '/v2/models/a/b/infer'],
    ['/v2/models/{endpoint}/infer', '/V2/models/ranking/infer'],
    ['/v2/models/{endpoint}/infer', 'http://host/v2/models/ranking/infer'],
    ['/v1/models/{endpoint}:predict', '/v1/models/ranking'],
    ['/v1/proxy/{endpoint}/{+path}', '/v1/proxy/pagesx%'],
    ['/v1/proxy/{endpoint}/{+path}', '/v1/proxy/pages/%zz'],
    ['/v1/proxy/{endpoint}/{+path}', '/v1/proxy/pages/a#b'],
  ])('of %s is not %s', (path, url) => {
    expect(directPattern(path).test(url)).toBe(false);
  });
});
