import type { StoredDocument } from '../../experiments/store/configuration-store.ts';

const SLOTS = 10_000;
const PER_ENDPOINT = 10;
/** Of the experiments of an endpoint, those that choose a target, and so share its layer. */
const CHOOSING = 5;

const stored = (kind: string, key: string, value: Record<string, unknown>): StoredDocument => ({
  kind,
  key,
  revision: 1,
  createdAt: '2026-11-02T09:30:00.000Z',
  updatedAt: '2026-11-02T09:30:00.000Z',
  value: { key, ...value },
});

const range = <T>(count: number, one: (index: number) => T) =>
  Array.from({ length: count }, (_, n) => one(n));

/**
 * The configuration of an installation with so many running experiments and 1,000 tenants: ten experiments to an
 * endpoint, half of which choose a target by slots of one layer, with audiences of three clauses, one in five of which
 * names a segment.
 */
export function configurationOf(experiments: number): StoredDocument[] {
  return [
    stored('targets', 'first', {
      kind: 'http',
      cloud: 'aws',
      region: 'eu-central-1',
      url: 'http://127.0.0.1:1',
    }),
    stored('targets', 'second', {
      kind: 'http',
      cloud: 'gcp',
      region: 'europe-west3',
      url: 'http://127.0.0.1:2',
    }),
    ...range(10, (n) =>
      stored('segments', `segment-${n}`, { values: range(1_000, (id) => `user-${n}-${id}`) }),
    ),
    ...range(20, (n) => stored('metrics', `metric-${n}`, { event: `event-${n}`, kind: 'proportion' })),
    ...range(1_000, (n) =>
      stored('tenants', `tenant-${n}`, { name: `Tenant ${n}`, attributes: { plan: 'pro' } }),
    ),
    ...range(Math.ceil(experiments / PER_ENDPOINT), (n) => [
      stored('endpoints', `endpoint-${n}`, { defaultTarget: 'first' }),
      stored('layers', `layer-${n}`, {}),
    ]).flat(),
    ...range(experiments, experimentAt),
  ];
}

export function experimentAt(index: number): StoredDocument {
  const place = index % PER_ENDPOINT;
  const endpoint = Math.floor(index / PER_ENDPOINT);
  const chooses = place < CHOOSING;
  const share = SLOTS / CHOOSING;
  return stored('experiments', `experiment-${index}`, {
    endpoint: `endpoint-${endpoint}`,
    unit: 'user',
    state: 'running',
    audience: {
      country: { $in: ['DE', 'FR', 'GB', 'US'] },
      age: { $gte: 18 },
      ...(index % 5 === 0
        ? { user: { $notInGroup: `segment-${index % 10}` } }
        : { 'tenant.plan': { $ne: 'free' } }),
    },
    ...(chooses ? { layer: { key: `layer-${endpoint}`, from: place * share, to: (place + 1) * share } } : {}),
    variants: ['control', 'treatment'].map((key, n) => ({
      key,
      weight: 5_000,
      ...(chooses ? { target: n === 0 ? 'first' : 'second' } : { parameters: { value: n === 1 } }),
    })),
    metrics: { primary: `metric-${index % 20}`, guardrails: ['error-rate'] },
  });
}
