import { describe, expect, it } from 'vitest';
import { answerHeaders, requestHeaders, trailersOf } from '../../../gateway/data-plane/proxy-headers.ts';

const from = { address: '10.0.0.9', host: 'gateway.example', requestId: 'r-1' };

describe('headers of a proxied request', () => {
  it("never carry the tenant's credentials or context", () => {
    const headers = {
      authorization: 'Bearer sy_1',
      'x-api-key': 'sy_1',
      'x-switchyard-unit': 'u',
      'x-switchyard-context': 'e30',
      accept: '*/*',
    };
    expect(Object.keys(requestHeaders(headers, from)).sort()).toEqual([
      'accept',
      'x-forwarded-for',
      'x-forwarded-host',
      'x-forwarded-proto',
      'x-request-id',
    ]);
  });

  it('name the span of the attempt instead of the caller’s, where traces are kept', () => {
    const headers = { traceparent: '00-a-b-01', tracestate: 'vendor=1' };
    expect(requestHeaders(headers, from)).toMatchObject(headers);
    const own = { ...from, trace: { traceparent: '00-a-c-01', tracestate: null } };
    expect(requestHeaders(headers, own)).toMatchObject({ traceparent: '00-a-c-01' });
    expect(requestHeaders(headers, own)).not.toHaveProperty('tracestate');
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
    expect(
      Object.keys(requestHeaders(headers, from)).filter(
        (name) => !name.startsWith('x-forwarded') && name !== 'x-request-id',
      ),
    ).toEqual([]);
  });

  it('cannot drop the framing or the host by naming them in "connection"', () => {
    const headers = {
      connection: 'content-length, transfer-encoding, host',
      'content-length': '3',
      host: 'h',
    };
    expect(requestHeaders(headers, from)).toMatchObject({ 'content-length': '3', host: 'h' });
  });

  it('state the address that the connection has, whatever the client claims', () => {
    const headers: Record<string, string> = {
      'x-forwarded-for': '1.2.3.4',
      forwarded: 'for=1.2.3.4',
      'x-forwarded-host': 'evil',
    };
    expect(requestHeaders(headers, from)).toEqual({
      'x-forwarded-for': '10.0.0.9',
      'x-forwarded-host': 'gateway.example',
      'x-forwarded-proto': 'http',
      'x-request-id': 'r-1',
    });
  });
});

describe('headers of a proxied answer', () => {
  it("cannot speak in the gateway's name", () => {
    const raw = [
      'X-Switchyard-Variant',
      'forged',
      'x-request-id',
      'forged',
      'Connection',
      'close',
      'ETag',
      '"1"',
    ];
    expect(answerHeaders(raw)).toEqual(['ETag', '"1"']);
  });

  it('are spelled as they came, each as often as it came, and lose what "connection" names', () => {
    const raw = ['Set-Cookie', 'a=1', 'Connection', 'X-Hop', 'x-hop', '1', 'Set-Cookie', 'b=2'];
    expect(answerHeaders(raw)).toEqual(['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2']);
  });

  it('announce trailers only where a chunked body can bring them', () => {
    expect(answerHeaders(['Trailer', 'x-sum', 'Transfer-Encoding', 'chunked'])).toEqual(['Trailer', 'x-sum']);
    expect(answerHeaders(['Trailer', 'x-sum', 'Content-Length', '3'])).toEqual(['Content-Length', '3']);
  });
});

describe('trailer fields', () => {
  it('change neither framing, routing nor identity', () => {
    const fields = [
      'Content-Length',
      '9',
      'host',
      'evil',
      'Authorization',
      'x',
      'x-switchyard-unit',
      'u',
      'X-Sum',
      'ab',
    ];
    expect(trailersOf(fields)).toEqual([['X-Sum', 'ab']]);
  });
});
