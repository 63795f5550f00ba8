import { z } from 'zod';
import { anObject, jsonBody, schemaOf } from '../http/openapi-parts.ts';
import { EXPERIMENTERS, type Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import { entitySchema, featureValueSchema } from './feature-set.ts';
import { type FeatureRow, type FeatureStore, featureId } from './feature-store.ts';

const MAX_ROWS = 1_000;

const rowSchema = z.strictObject({
  key: z.string().min(1).max(500),
  tenant: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'Whose it is; shared by all tenants unless given' }),
  at: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({ description: 'When the values were true; now unless given' }),
  values: z.record(z.string().min(1).max(200), featureValueSchema),
});
const batchSchema = z.strictObject({ features: z.array(z.unknown()).min(1).max(MAX_ROWS) });

const path = '/admin/v1/features/{entity}';
const route = { access: EXPERIMENTERS, tag: 'features' } as const;

/** Writing, reading and forgetting of features. */
export function featureRoutes(store: FeatureStore): Route[] {
  return [
    {
      ...route,
      method: 'post',
      path,
      id: 'writeFeatures',
      summary: 'Write features, up to 1,000 things at a time; what is stored and newer stays',
      body: jsonBody(
        {
          ...schemaOf(batchSchema),
          properties: { features: { type: 'array', maxItems: MAX_ROWS, items: schemaOf(rowSchema) } },
        },
        { features: [{ key: 'user-42', tenant: 'acme', values: { age: 42, taste: [0.1, 0.7] } }] },
      ),
      answers: {
        200: anObject('How many were written, and what is wrong with the others', {
          written: 1,
          rejected: [],
        }),
      },
      problems: ['invalid-request', 'invalid-configuration'],
      handle: async (request, response) => {
        const batch = batchSchema.safeParse(request.body);
        if (!batch.success)
          throw new Problem(
            'invalid-request',
            `the body must be {"features": […]} with 1 to ${MAX_ROWS} of them`,
          );
        response.json(await writeRows(store, entityOf(request.params), batch.data.features));
      },
    },
    {
      ...route,
      method: 'get',
      path: `${path}/{key}`,
      id: 'readFeatures',
      summary: 'Features of one thing, as they are stored',
      parameters: [tenantParameter()],
      answers: { 200: anObject('Features', { at: '2026-11-24T12:00:00.000Z', values: { age: 42 } }) },
      problems: ['invalid-request', 'not-found'],
      handle: async (request, response) => {
        const id = featureId(keyOf(request));
        const row = (await available(store.read([id]))).get(id);
        if (row === undefined) throw new Problem('not-found', 'there are no features under this key');
        response.json({ at: new Date(row.at).toISOString(), values: row.values });
      },
    },
    {
      ...route,
      method: 'delete',
      path: `${path}/{key}`,
      id: 'forgetFeatures',
      summary: 'Forget the features of one thing',
      parameters: [tenantParameter()],
      answers: { 204: { description: 'Forgotten' } },
      problems: ['invalid-request'],
      handle: async (request, response) => {
        await available(store.remove(keyOf(request)));
        response.status(204).end();
      },
    },
  ];
}

function tenantParameter() {
  return {
    name: 'tenant',
    in: 'query',
    description: 'Whose it is; shared by all tenants unless given',
    schema: { type: 'string' },
  };
}

function entityOf(params: Readonly<Record<string, string>>): string {
  const entity = entitySchema.safeParse(params['entity']);
  if (entity.success) return entity.data;
  throw new Problem('invalid-request', `the entity ${entity.error.issues[0]?.message ?? 'is not valid'}`);
}

function keyOf({ params, query }: Parameters<Route['handle']>[0]) {
  const tenant = typeof query['tenant'] === 'string' ? query['tenant'] : null;
  return { entity: entityOf(params), tenant, key: params['key'] ?? '' };
}

async function writeRows(store: FeatureStore, entity: string, rows: readonly unknown[]) {
  const valid: { readonly index: number; readonly row: FeatureRow }[] = [];
  const rejected: { readonly index: number; readonly code: string; readonly message: string }[] = [];
  for (const [index, found] of rows.entries()) {
    const parsed = rowSchema.safeParse(found);
    if (parsed.success) {
      const { key, tenant = null, at, values } = parsed.data;
      valid.push({
        index,
        row: { entity, tenant, key, at: at === undefined ? Date.now() : Date.parse(at), values },
      });
    } else {
      const [issue] = parsed.error.issues;
      rejected.push({ index, code: 'invalid', message: `/${issue?.path.join('/')} ${issue?.message}` });
    }
  }
  const older = valid.length === 0 ? [] : await available(store.write(valid.map(({ row }) => row)));
  for (const place of older) {
    const index = valid[place]?.index ?? place;
    rejected.push({ index, code: 'older', message: 'what is stored is newer: it stays' });
  }
  return {
    written: valid.length - older.length,
    rejected: rejected.sort((left, right) => left.index - right.index),
  };
}

async function available<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new Problem('store-unavailable', 'the database does not answer: send it again', { cause });
  }
}
