import { startUpstream, type Upstream } from './upstream.ts';

/** A span as a collector reads it off the wire. */
interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  /** 1 internal, 2 server, 3 client (OTLP's `SpanKind`). */
  readonly kind: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly {
    readonly name: string;
    readonly attributes: Readonly<Record<string, unknown>>;
  }[];
  readonly failed: boolean;
  /** What sent it. */
  readonly resource: Readonly<Record<string, unknown>>;
}

/** A loopback collector that takes OTLP over HTTP in JSON, and answers as `upstream` behaves. */
export interface OtlpCollector {
  readonly upstream: Upstream;
  spans(): readonly CollectedSpan[];
}

export async function startOtlpCollector(): Promise<OtlpCollector> {
  const upstream = await startUpstream((_request, response) => {
    response.setHeader('content-type', 'application/json').end('{"partialSuccess":{}}');
  });
  return { upstream, spans: () => upstream.requests.flatMap(({ body }) => spansIn(JSON.parse(body))) };
}

interface WireAttribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}
interface WireSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: readonly WireAttribute[];
  readonly events: readonly { readonly name: string; readonly attributes: readonly WireAttribute[] }[];
  readonly status: { readonly code: number };
}
interface WireBatch {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly WireAttribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[];
  }[];
}

const ERROR = 2;

function spansIn({ resourceSpans }: WireBatch): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ attributes, events, status, parentSpanId, ...span }) => ({
        ...span,
        parentSpanId,
        attributes: valuesOf(attributes),
        events: events.map((event) => ({ name: event.name, attributes: valuesOf(event.attributes) })),
        failed: status.code === ERROR,
        resource: valuesOf(resource.attributes),
      })),
    ),
  );
}

/** `{"stringValue": "a"}` → `"a"`; 64-bit integers come as text or as numbers. */
function valuesOf(attributes: readonly WireAttribute[]): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      'intValue' in value ? Number(value['intValue']) : Object.values(value)[0],
    ]),
  );
}
