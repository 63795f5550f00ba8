import { Counter, collectDefaultMetrics, Gauge, Histogram } from 'prom-client';
import { registryWithExemplars } from '../../models/http/metrics-text.ts';

const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The gateway's own measurements, named as Prometheus recommends; never labelled with a unit. */
export function createTelemetry() {
  const registry = registryWithExemplars();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    requests: new Counter({
      name: 'switchyard_requests_total',
      help: 'Answers of the data plane',
      labelNames: ['endpoint', 'status'],
      registers,
    }),
    requestSeconds: new Histogram({
      name: 'switchyard_request_duration_seconds',
      help: 'From arrival to the answer being ready to leave',
      labelNames: ['endpoint'],
      buckets: DURATION_BUCKETS,
      enableExemplars: true,
      registers,
    }),
    attempts: new Counter({
      name: 'switchyard_attempts_total',
      help: 'Attempts on targets, by what came of them',
      labelNames: ['target', 'outcome'],
      registers,
    }),
    attemptSeconds: new Histogram({
      name: 'switchyard_attempt_duration_seconds',
      help: 'How long attempts on targets take, answered or not',
      labelNames: ['target', 'cloud'],
      buckets: DURATION_BUCKETS,
      enableExemplars: true,
      registers,
    }),
    variantRequests: new Counter({
      name: 'switchyard_variant_requests_total',
      help: 'Answers to enrolled units, by the variant they were assigned; tests by override are left out',
      labelNames: ['experiment', 'variant', 'status'],
      registers,
    }),
    cost: new Counter({
      name: 'switchyard_cost_total',
      help: 'What answered attempts cost by the prices that their targets declare',
      labelNames: ['endpoint', 'target'],
      registers,
    }),
    decisions: new Counter({
      name: 'switchyard_decisions_total',
      help: 'What was decided on the way to an answer: retries, hedges, twins, open circuits, shed load',
      labelNames: ['target', 'decision'],
      registers,
    }),
    shadows: new Counter({
      name: 'switchyard_shadow_total',
      help: 'Copies sent to shadow targets, by how their answers compare or what came of them',
      labelNames: ['endpoint', 'target', 'outcome'],
      registers,
    }),
    shadowSeconds: new Histogram({
      name: 'switchyard_shadow_duration_seconds',
      help: 'How long shadow targets take to answer',
      labelNames: ['target'],
      buckets: DURATION_BUCKETS,
      registers,
    }),
    fallbacks: new Counter({
      name: 'switchyard_fallbacks_total',
      help: 'Answers given by another target than the assigned one',
      labelNames: ['endpoint', 'target'],
      registers,
    }),
    damagedObjects: new Counter({
      name: 'switchyard_results_damaged_objects_total',
      help: 'Objects of the lake that results had to leave out; they are kept under quarantine/',
      registers,
    }),
    snapshotRevision: new Gauge({
      name: 'switchyard_configuration_revision',
      help: 'Revision of the configuration that requests are served from',
      registers,
    }),
    rejectedResources: new Gauge({
      name: 'switchyard_configuration_rejected',
      help: '1 for each thing whose stored form is not valid: it is served as it last was',
      labelNames: ['resource'],
      aggregator: 'max',
      registers,
    }),
    snapshotFresh: new Gauge({
      name: 'switchyard_configuration_fresh',
      help: '1 while the configuration in force is the newest one; 0 while the database is away or invalid',
      registers,
    }),
  } as const;
}

export type Telemetry = ReturnType<typeof createTelemetry>;
