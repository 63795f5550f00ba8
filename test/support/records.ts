import { randomUUIDv7 } from 'node:crypto';
import type { Exposure, Outcome } from '../../experiments/exposure.ts';
import type { Invocation } from '../../gateway/pipeline/invocation.ts';

/** An exposure as the gateway writes it, with what matters to the test in place of the usual. */
export function exposure(fields: Partial<Exposure> = {}): Exposure {
  const id = fields.id ?? randomUUIDv7();
  return {
    id,
    at: Date.UTC(2026, 10, 20, 12),
    tenant: 'acme',
    endpoint: 'movie-ranking',
    experiment: 'ranker-v2',
    revision: 1,
    variant: 'control',
    unit: 'u1',
    propensityBp: 5_000,
    requestId: id,
    assignedTarget: 'ranker-v1-aws',
    servedTarget: 'ranker-v1-aws',
    model: 'movie-ranker',
    version: 'v1',
    cloud: 'aws',
    region: 'us-east-1',
    fallback: false,
    attempts: 1,
    status: 200,
    error: null,
    latencyMs: 4.5,
    cost: null,
    reported: false,
    dimensions: {},
    ...fields,
  };
}

/** An outcome as the gateway writes it, a minute after `exposure`. */
export function outcome(fields: Partial<Outcome> = {}): Outcome {
  const at = fields.at ?? Date.UTC(2026, 10, 20, 12, 1);
  return {
    id: randomUUIDv7(),
    tenant: 'acme',
    at,
    receivedAt: at,
    event: 'rated',
    unitType: 'user',
    unit: 'u1',
    value: null,
    requestId: null,
    ...fields,
  };
}

/** An invocation as the gateway writes it: the call behind `exposure`. */
export function invocation(fields: Partial<Invocation> = {}): Invocation {
  return {
    id: randomUUIDv7(),
    at: Date.UTC(2026, 10, 20, 12),
    tenant: 'acme',
    endpoint: 'movie-ranking',
    requestId: randomUUIDv7(),
    experiment: 'ranker-v2',
    variant: 'control',
    target: 'ranker-v1-aws',
    model: 'movie-ranker',
    version: 'v1',
    cloud: 'aws',
    region: 'us-east-1',
    call: 'primary',
    outcome: 'answered',
    status: 200,
    error: null,
    latencyMs: 3.5,
    cost: null,
    distance: null,
    overlap: null,
    difference: null,
    sample: null,
    ...fields,
  };
}
