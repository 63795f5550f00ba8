import type { z } from 'zod';
import { environmentSchema } from '../../experiments/environment.ts';
import type { KeptExperiment } from '../../experiments/experiment-status.ts';
import { haltSchema } from '../../experiments/halt.ts';
import { holdoutSchema } from '../../experiments/holdout.ts';
import { issuesOf } from '../../experiments/issue.ts';
import { keptExperimentSchema } from '../../experiments/kept-experiment.ts';
import { layerSchema } from '../../experiments/layer.ts';
import { metricSchema } from '../../experiments/metric.ts';
import { storedSegmentSchema } from '../../experiments/segment.ts';
import type { StoredDocument } from '../../experiments/store/configuration-store.ts';
import { aliasSchema } from '../../models/catalogue/alias.ts';
import { modelSchema, modelVersionSchema } from '../../models/catalogue/model.ts';
import { targetSchema } from '../../models/catalogue/target.ts';
import { storedApiKeySchema, storedServiceKeySchema } from '../catalogue/api-key.ts';
import { endpointSchema } from '../catalogue/endpoint.ts';
import { API_KEYS, SERVICE_KEYS } from '../catalogue/resources.ts';
import { tenantSchema } from '../catalogue/tenant.ts';
import { webhookSchema } from '../catalogue/webhook.ts';
import type { ConfigurationIssue } from './configuration-issue.ts';
import type { RegisteredExperiment } from './snapshot.ts';

export type ParsedConfiguration = ReturnType<typeof parseDocuments>;

/** Every document by its kind's schema, by key. What does not parse is left out, and its issues are noted. */
export function parseDocuments(documents: readonly StoredDocument[], issues: ConfigurationIssue[]) {
  const byKind = Map.groupBy(documents, ({ kind }) => kind);
  const collect = <T>(kind: string, schema: z.ZodType<T>): ReadonlyMap<string, Stored<T>> =>
    parsedByKey(byKind.get(kind) ?? [], schema, issues);
  const experiments = collect('experiments', keptExperimentSchema);
  return {
    tenants: valuesOf(collect('tenants', tenantSchema)),
    keys: valuesOf(collect(API_KEYS, storedApiKeySchema)),
    serviceKeys: valuesOf(collect(SERVICE_KEYS, storedServiceKeySchema)),
    models: valuesOf(collect('models', modelSchema)),
    versions: valuesOf(collect('versions', modelVersionSchema)),
    aliases: new Map(
      [...collect('aliases', aliasSchema)].map(([key, { value, revision }]) => [key, { ...value, revision }]),
    ),
    targets: valuesOf(collect('targets', targetSchema)),
    endpoints: valuesOf(collect('endpoints', endpointSchema)),
    layers: valuesOf(collect('layers', layerSchema)),
    segments: valuesOf(collect('segments', storedSegmentSchema)),
    metrics: valuesOf(collect('metrics', metricSchema)),
    webhooks: valuesOf(collect('webhooks', webhookSchema)),
    halts: valuesOf(collect('halts', haltSchema)),
    environments: valuesOf(collect('environments', environmentSchema)),
    holdouts: collect('holdouts', holdoutSchema),
    experiments: new Map([...experiments].map(([key, stored]) => [key, registered(stored)])),
  };
}

/** A parsed value, and the revision at which it last changed. */
interface Stored<T> {
  readonly value: T;
  readonly revision: number;
}

type Parsed = { ok: true; stored: Stored<unknown> } | { ok: false; issues: readonly ConfigurationIssue[] };

/** A document never changes, so it is parsed once however many configurations it is part of. */
const parsedDocuments = new WeakMap<StoredDocument, Parsed>();

function parsedByKey<T>(
  documents: readonly StoredDocument[],
  schema: z.ZodType<T>,
  issues: ConfigurationIssue[],
): ReadonlyMap<string, Stored<T>> {
  const found = new Map<string, Stored<T>>();
  for (const document of documents) {
    const parsed = parsedDocuments.get(document) ?? parse(document, schema);
    parsedDocuments.set(document, parsed);
    // A document's kind, and so its schema, is always the same.
    if (parsed.ok) found.set(document.key, parsed.stored as Stored<T>);
    else issues.push(...parsed.issues);
  }
  return found;
}

function parse(document: StoredDocument, schema: z.ZodType): Parsed {
  const { kind, key, revision, value } = document;
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, stored: { value: result.data, revision } };
  const issues = issuesOf(result.error, value).map((issue) => ({ ...issue, resource: `${kind}/${key}` }));
  return { ok: false, issues };
}

function valuesOf<T>(stored: ReadonlyMap<string, Stored<T>>): ReadonlyMap<string, T> {
  return new Map([...stored].map(([key, { value }]) => [key, value]));
}

const registeredExperiments = new WeakMap<object, RegisteredExperiment>();

/** The same object for the same document, so that what is compiled from it can be kept. */
function registered(stored: Stored<KeptExperiment>): RegisteredExperiment {
  const known = registeredExperiments.get(stored);
  if (known !== undefined) return known;
  const made = { ...stored.value, revision: stored.revision };
  registeredExperiments.set(stored, made);
  return made;
}
