import type { z } from 'zod';
import { experimentSchema } from '../../experiments/experiment.ts';
import { layerSchema } from '../../experiments/layer.ts';
import { metricSchema } from '../../experiments/metric.ts';
import { segmentSchema } from '../../experiments/segment.ts';
import { modelSchema, modelVersionSchema } from '../../models/catalogue/model.ts';
import { targetSchema } from '../../models/catalogue/target.ts';
import { endpointSchema } from './endpoint.ts';
import { tenantSchema } from './tenant.ts';

/** One kind of thing that the admin API registers, at `/admin/v1/<name>` or below its parent. */
export interface ResourceKind {
  /** Plural; collection of the store and path of the API. */
  readonly name: string;
  readonly singular: string;
  readonly schema: z.ZodType<Record<string, unknown>>;
  /** The field that names it within its collection. */
  readonly keyField: 'key' | 'version';
  readonly parent?: 'models';
  /** Immutable things can be created and deleted, never replaced. */
  readonly immutable?: true;
}

export const RESOURCE_KINDS = [
  { name: 'tenants', singular: 'tenant', schema: tenantSchema, keyField: 'key' },
  { name: 'models', singular: 'model', schema: modelSchema, keyField: 'key' },
  {
    name: 'versions',
    singular: 'version',
    schema: modelVersionSchema,
    keyField: 'version',
    parent: 'models',
    immutable: true,
  },
  { name: 'targets', singular: 'target', schema: targetSchema, keyField: 'key' },
  { name: 'endpoints', singular: 'endpoint', schema: endpointSchema, keyField: 'key' },
  { name: 'experiments', singular: 'experiment', schema: experimentSchema, keyField: 'key' },
  { name: 'layers', singular: 'layer', schema: layerSchema, keyField: 'key' },
  { name: 'segments', singular: 'segment', schema: segmentSchema, keyField: 'key' },
  { name: 'metrics', singular: 'metric', schema: metricSchema, keyField: 'key' },
] as const satisfies readonly ResourceKind[];

/** API keys live beside the resources, but have routes of their own: a secret is answered once. */
export const API_KEYS = 'keys';

/** Key in the store of a thing that lives below another: `movie-ranker/v1`. */
export function nestedKey(parent: string, key: string): string {
  return `${parent}/${key}`;
}
