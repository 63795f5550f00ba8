import type { z } from 'zod';
import { environmentSchema } from '../../experiments/environment.ts';
import { experimentSchema } from '../../experiments/experiment.ts';
import { haltSchema } from '../../experiments/halt.ts';
import { holdoutSchema } from '../../experiments/holdout.ts';
import { layerSchema } from '../../experiments/layer.ts';
import { metricSchema } from '../../experiments/metric.ts';
import { segmentSchema } from '../../experiments/segment.ts';
import { aliasSchema } from '../../models/catalogue/alias.ts';
import { modelSchema, modelVersionSchema } from '../../models/catalogue/model.ts';
import { targetSchema } from '../../models/catalogue/target.ts';
import type { Role } from '../access/principal.ts';
import { endpointSchema } from './endpoint.ts';
import { tenantSchema } from './tenant.ts';
import { webhookSchema } from './webhook.ts';

/** One kind of thing that the admin API registers, at `/admin/v1/<name>` or below its parent. */
export interface ResourceKind {
  /** Plural; collection of the store and path of the API. */
  readonly name: string;
  readonly singular: string;
  readonly schema: z.ZodType<Record<string, unknown>>;
  /** The field that names it within its collection. */
  readonly keyField: 'key' | 'version' | 'alias';
  readonly parent?: 'models';
  /** Immutable things can be created and deleted, never replaced. */
  readonly immutable?: true;
  /** Fields that the gateway keeps beside what a client writes. */
  readonly managed?: readonly string[];
  /** Who may write it beside an admin. */
  readonly writers: readonly Role[];
  /** Fields that a list can be narrowed down by, each to one value. */
  readonly filters?: readonly string[];
  /** One as a client writes it, for the API's reference. */
  readonly example: Readonly<Record<string, unknown>>;
}

const EXPERIMENTER: readonly Role[] = ['experimenter'];

export const EXPERIMENTS = {
  name: 'experiments',
  singular: 'experiment',
  schema: experimentSchema,
  keyField: 'key',
  managed: ['state', 'status'],
  filters: ['state', 'endpoint', 'unit'],
  writers: EXPERIMENTER,
  example: {
    key: 'ranker-v2',
    hypothesis: 'Target encoding ranks films that people rate higher',
    endpoint: 'movie-ranking',
    unit: 'user',
    audience: { 'tenant.plan': { $in: ['pro', 'enterprise'] } },
    variants: [
      { key: 'control', weight: 5_000, target: 'ranker-v1-aws' },
      { key: 'treatment', weight: 5_000, target: 'ranker-v2-aws' },
    ],
    metrics: { primary: 'top-rating', guardrails: ['error-rate', 'latency'] },
  },
} as const satisfies ResourceKind;

export const TENANTS = {
  name: 'tenants',
  singular: 'tenant',
  schema: tenantSchema,
  keyField: 'key',
  writers: [],
  example: { key: 'acme', name: 'Acme Films', attributes: { plan: 'pro' } },
} as const satisfies ResourceKind;

export const RESOURCE_KINDS = [
  TENANTS,
  {
    name: 'models',
    singular: 'model',
    schema: modelSchema,
    keyField: 'key',
    writers: [],
    example: { key: 'movie-ranker', description: 'Ranks films by expected rating' },
  },
  {
    name: 'versions',
    singular: 'version',
    schema: modelVersionSchema,
    keyField: 'version',
    parent: 'models',
    immutable: true,
    managed: ['registeredBy'],
    writers: [],
    example: {
      version: 'v2',
      sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
      sizeBytes: 48_213,
      artifacts: ['s3://acme-models/movie-ranker/v2.onnx', 'gs://acme-models/movie-ranker/v2.onnx'],
    },
  },
  {
    name: 'aliases',
    singular: 'alias',
    schema: aliasSchema,
    keyField: 'alias',
    parent: 'models',
    writers: [],
    example: {
      alias: 'champion',
      versions: [
        { version: 'v1', weight: 9_500 },
        { version: 'v2', weight: 500 },
      ],
    },
  },
  {
    name: 'targets',
    singular: 'target',
    schema: targetSchema,
    keyField: 'key',
    filters: ['kind', 'model', 'version', 'cloud', 'region'],
    writers: [],
    example: {
      key: 'ranker-v2-aws',
      kind: 'oip',
      model: 'movie-ranker',
      version: 'v2',
      cloud: 'aws',
      region: 'eu-central-1',
      url: 'https://runner.example/v2/models/movie-ranker/versions/v2',
    },
  },
  {
    name: 'endpoints',
    singular: 'endpoint',
    schema: endpointSchema,
    keyField: 'key',
    filters: ['defaultTarget'],
    writers: [],
    example: {
      key: 'movie-ranking',
      defaultTarget: 'ranker-v1-aws',
      timeoutMs: 800,
      onFailure: 'default-target',
    },
  },
  EXPERIMENTS,
  {
    name: 'holdouts',
    singular: 'holdout',
    schema: holdoutSchema,
    keyField: 'key',
    writers: EXPERIMENTER,
    example: { key: 'q4-holdout', unit: 'user', share: 500, metrics: { primary: 'top-rating' } },
  },
  {
    name: 'environments',
    singular: 'environment',
    schema: environmentSchema,
    keyField: 'key',
    writers: [],
    example: { key: 'production', approvals: 1, reviewers: ['ada', 'grace'] },
  },
  {
    name: 'layers',
    singular: 'layer',
    schema: layerSchema,
    keyField: 'key',
    writers: EXPERIMENTER,
    example: { key: 'ranking', name: 'Everything that changes the order of films' },
  },
  {
    name: 'segments',
    singular: 'segment',
    schema: segmentSchema,
    keyField: 'key',
    managed: ['list'],
    writers: EXPERIMENTER,
    example: { key: 'beta-testers', values: ['user-17', 'user-42'] },
  },
  {
    name: 'metrics',
    singular: 'metric',
    schema: metricSchema,
    keyField: 'key',
    filters: ['event', 'kind'],
    writers: EXPERIMENTER,
    example: { key: 'top-rating', event: 'film-rated', kind: 'mean', missing: 'zero' },
  },
  {
    name: 'webhooks',
    singular: 'webhook',
    schema: webhookSchema,
    keyField: 'key',
    writers: [],
    example: {
      key: 'chat',
      url: 'https://hooks.example/switchyard',
      kinds: ['experiments'],
      actions: ['start', 'stop'],
    },
  },
  {
    name: 'halts',
    singular: 'halt',
    schema: haltSchema,
    keyField: 'key',
    immutable: true,
    filters: ['experiment'],
    writers: EXPERIMENTER,
    example: {
      key: 'ranker-v2.treatment',
      experiment: 'ranker-v2',
      variant: 'treatment',
      reason: 'Support has had three complaints about its order',
    },
  },
] as const satisfies readonly ResourceKind[];

/** Keys live beside the resources, but have routes of their own: a secret is answered once. */
export const API_KEYS = 'keys';
export const SERVICE_KEYS = 'service-keys';

/** What was said of experiments; kept beside them, below their keys. */
export const COMMENTS = 'comments';

/** Key in the store of a thing that lives below another: `movie-ranker/v1`. */
export function nestedKey(parent: string, key: string): string {
  return `${parent}/${key}`;
}
