import { z } from 'zod';

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** `key=value` pairs, percent-encoded, separated by commas (W3C Baggage, as the OTLP specification has it). */
const PAIRS = /^\s*[^=,\s]+=[^,]*(,\s*[^=,\s]+=[^,]*)*$/;

/**
 * Where and how traces go, in the variables that every OpenTelemetry SDK reads. What is not listed here
 * (`OTEL_BSP_…`, `OTEL_EXPORTER_OTLP_COMPRESSION` and the like), the SDK reads for itself.
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export const tracingEnvironment = {
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
    .optional()
    .describe('Collector of traces (OTLP over HTTP, JSON); `/v1/traces` is added; unset: no traces'),
  OTEL_EXPORTER_OTLP_HEADERS: z
    .string()
    .regex(PAIRS, 'must be name=value pairs, percent-encoded and separated by commas')
    .optional()
    .describe('Headers that the collector asks for, a secret: `authorization=Bearer%20…`'),
  OTEL_SERVICE_NAME: z.string().min(1).optional().describe('Service that the traces name as theirs'),
  OTEL_RESOURCE_ATTRIBUTES: z
    .string()
    .regex(PAIRS, 'must be name=value pairs, percent-encoded and separated by commas')
    .optional()
    .describe('What else is true of this process: `deployment.environment.name=staging`'),
  OTEL_TRACES_SAMPLER: z
    .enum(SAMPLERS)
    .default('parentbased_always_on')
    .describe('Which requests are traced; by default those of callers who trace, and all that name no trace'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe('Share of requests that the `traceidratio` samplers trace'),
  OTEL_BSP_SCHEDULE_DELAY: z.coerce
    .number()
    .int()
    .min(1)
    .max(600_000)
    .default(5_000)
    .describe('Longest that a finished span waits for company on its way to the collector, ms'),
};

/** Traces that go somewhere. */
export interface TracingSettings {
  readonly url: string;
  /** A secret. */
  readonly headers: string;
  readonly serviceName: string;
  readonly resourceAttributes: string;
  readonly sampler: (typeof SAMPLERS)[number];
  readonly samplerRatio: number;
  readonly scheduleDelayMs: number;
}

const environmentSchema = z.object(tracingEnvironment);

/** Null where no collector is named. `serviceName`: what the process is, unless the environment says otherwise. */
export function tracingSettings(
  environment: z.infer<typeof environmentSchema>,
  serviceName: string,
): TracingSettings | null {
  const endpoint = environment.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === undefined) return null;
  return {
    url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
    headers: environment.OTEL_EXPORTER_OTLP_HEADERS ?? '',
    serviceName: environment.OTEL_SERVICE_NAME ?? serviceName,
    resourceAttributes: environment.OTEL_RESOURCE_ATTRIBUTES ?? '',
    sampler: environment.OTEL_TRACES_SAMPLER,
    samplerRatio: environment.OTEL_TRACES_SAMPLER_ARG,
    scheduleDelayMs: environment.OTEL_BSP_SCHEDULE_DELAY,
  };
}
