import { describe, expect, it } from 'vitest';
import { rewriteRequestHeaders, rewriteResponseHeaders } from '../../../gateway/data-plane/proxy-headers.ts';

const from = { address: '10.0.0.9', host: 'gateway.example', requestId: 'r-1', bearer: null };

describe('headers of a proxied request', () => {
  it("never carry the tenant's credentials or context", () => {
    const headers = {
      authorization: 'Bearer sy_1',
      'x-api-key': 'sy_1',
      'x-switchyard-unit': 'u',
      'x-switchyard-context': 'e30',
      accept: '*/*',
    };
    rewriteRequestHeaders(headers, from);
    expect(Object.keys(headers).sort()).toEqual([
      'accept',
      'x-forwarded-for',
      'x-forwarded-host',
      'x-forwarded-proto',
      'x-request-id',
    ]);
  });

  it("carry the target's own credential where it has one", () => {
    const headers = { authorization: 'Bearer sy_1' };
    rewriteRequestHeaders(headers, { ...from, bearer: 'target-token' });
    expect(headers.authorization).toBe('Bearer target-token');
  });

  it('lose what speaks of one connection, and what "connection" names', () => {
    const headers = {
      connection: 'keep-alive, X-Secret-Hop',
      'x-secret-hop': '1',
      'keep-alive': 'timeout=5',
      te: 'trailers',
      upgrade: 'h2c',
      'proxy-authorization': 'x',
      expect: '100-continue',
    };
    rewriteRequestHeaders(headers, from);
    expect(
      Object.keys(headers).filter((name) => !name.startsWith('x-forwarded') && name !== 'x-request-id'),
    ).toEqual([]);
  });

  it('cannot drop the framing or the host by naming them in "connection"', () => {
    const headers = {
      connection: 'content-length, transfer-encoding, host',
      'content-length': '3',
      host: 'h',
    };
    rewriteRequestHeaders(headers, from);
    expect(headers).toMatchObject({ 'content-length': '3', host: 'h' });
  });

  it('state the address that the connection has, whatever the client claims', () => {
    const headers: Record<string, string> = {
      'x-forwarded-for': '1.2.3.4',
      forwarded: 'for=1.2.3.4',
      'x-forwarded-host': 'evil',
    };
    rewriteRequestHeaders(headers, from);
    expect(headers).toEqual({
      'x-forwarded-for': '10.0.0.9',
      'x-forwarded-host': 'gateway.example',
      'x-forwarded-proto': 'http',
      'x-request-id': 'r-1',
    });
  });
});

describe('headers of a proxied answer', () => {
  it("cannot speak in the gateway's name", () => {
    const headers = {
      'x-switchyard-variant': 'forged',
      'x-request-id': 'forged',
      connection: 'close',
      etag: '"1"',
    };
    rewriteResponseHeaders(headers);
    expect(headers).toEqual({ etag: '"1"' });
  });
});
