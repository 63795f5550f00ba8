import { z } from 'zod';
import { type CompiledExperiment, compileExperiment } from '../../experiments/assignment.ts';
import { exclusivityIssues } from '../../experiments/exclusivity.ts';
import { EXPERIMENT_STATES, experimentSchema } from '../../experiments/experiment.ts';
import { type Issue, issuesOf } from '../../experiments/issue.ts';
import { layerSchema } from '../../experiments/layer.ts';
import { BUILT_IN_METRICS, metricSchema } from '../../experiments/metric.ts';
import { segmentSchema } from '../../experiments/segment.ts';
import type { StoredDocument } from '../../experiments/store/configuration-store.ts';
import { aliasSchema } from '../../models/catalogue/alias.ts';
import { modelSchema, modelVersionSchema } from '../../models/catalogue/model.ts';
import { targetSchema } from '../../models/catalogue/target.ts';
import { storedApiKeySchema, storedServiceKeySchema } from '../catalogue/api-key.ts';
import { endpointSchema } from '../catalogue/endpoint.ts';
import { API_KEYS, SERVICE_KEYS } from '../catalogue/resources.ts';
import { tenantSchema } from '../catalogue/tenant.ts';
import { webhookSchema } from '../catalogue/webhook.ts';
import { checkModelReferences } from './check-model-references.ts';
import { serviceKeyGrants, tenantKeyGrants } from './compile-keys.ts';
import { dimensionReader } from './dimension-reader.ts';
import { resolveTargets } from './resolve-targets.ts';
import type { CompiledEndpoint, RegisteredExperiment, Snapshot } from './snapshot.ts';

/** An issue and the thing that has it: `endpoints/movie-ranking`. */
interface ConfigurationIssue extends Issue {
  readonly resource: string;
}

export type CompiledConfiguration =
  | { readonly ok: true; readonly snapshot: Snapshot }
  | { readonly ok: false; readonly issues: readonly ConfigurationIssue[] };

const storedExperimentSchema = z.object({ state: z.enum(EXPERIMENT_STATES) }).loose();

/**
 * The whole configuration, checked and compiled: the same function says whether a change may be committed
 * and makes what requests are served from, so the two can never disagree. Reports every issue at once.
 */
export function compileSnapshot(
  revision: number,
  documents: readonly StoredDocument[],
): CompiledConfiguration {
  const issues: ConfigurationIssue[] = [];
  const parsed = parseDocuments(documents, issues);
  checkReferences(parsed, issues);
  const compiled = compileExperiments(parsed, issues);
  if (issues.length > 0) return { ok: false, issues };
  const { withTwins, targets, servedTargets } = resolveTargets(parsed);
  const endpoints = compileEndpoints(parsed, { compiled, withTwins });
  const { tenants, experiments, metrics, versions } = parsed;
  const tenantKeys = tenantKeyGrants(parsed.keys.values(), tenants);
  const serviceKeys = serviceKeyGrants(parsed.serviceKeys.values());
  return {
    ok: true,
    snapshot: {
      revision,
      tenants,
      tenantKeys,
      serviceKeys,
      endpoints,
      experiments,
      metrics,
      targets,
      servedTargets,
      versions,
    },
  };
}

type ParsedConfiguration = ReturnType<typeof parseDocuments>;

function parseDocuments(documents: readonly StoredDocument[], issues: ConfigurationIssue[]) {
  const collect = <T>(kind: string, schema: z.ZodType<T>): ReadonlyMap<string, T> => {
    const found = new Map<string, T>();
    for (const document of documents) {
      if (document.kind !== kind) continue;
      const result = schema.safeParse(document.value);
      if (result.success) found.set(document.key, result.data);
      else
        issues.push(
          ...issuesOf(result.error).map((issue) => ({ ...issue, resource: `${kind}/${document.key}` })),
        );
    }
    return found;
  };
  const experiments = new Map<string, RegisteredExperiment>();
  for (const document of documents) {
    if (document.kind !== 'experiments') continue;
    const { state, ...written } = document.value;
    const result = experimentSchema.safeParse(written);
    const stored = storedExperimentSchema.safeParse({ state });
    const found = [
      ...(result.error ? issuesOf(result.error) : []),
      ...(stored.error ? issuesOf(stored.error) : []),
    ];
    issues.push(...found.map((issue) => ({ ...issue, resource: `experiments/${document.key}` })));
    if (result.success && stored.success) {
      experiments.set(document.key, {
        experiment: result.data,
        state: stored.data.state,
        revision: document.revision,
      });
    }
  }
  return {
    tenants: collect('tenants', tenantSchema),
    keys: collect(API_KEYS, storedApiKeySchema),
    serviceKeys: collect(SERVICE_KEYS, storedServiceKeySchema),
    models: collect('models', modelSchema),
    versions: collect('versions', modelVersionSchema),
    aliases: collect('aliases', aliasSchema),
    targets: collect('targets', targetSchema),
    endpoints: collect('endpoints', endpointSchema),
    layers: collect('layers', layerSchema),
    segments: collect('segments', segmentSchema),
    metrics: collect('metrics', metricSchema),
    webhooks: collect('webhooks', webhookSchema),
    experiments,
  };
}

/** Every key that one thing says of another must exist. */
function checkReferences(parsed: ParsedConfiguration, issues: ConfigurationIssue[]): void {
  const missing = (resource: string, path: string, kind: string, key: string) =>
    issues.push({
      resource,
      path,
      code: `unknown-${kind}`,
      message: `there is no ${kind} "${key}": register it first or correct the key`,
    });
  for (const [key, { tenant }] of parsed.keys) {
    if (!parsed.tenants.has(tenant)) missing(`keys/${key}`, '/tenant', 'tenant', tenant);
  }
  for (const [key, { tenant }] of parsed.serviceKeys) {
    if (tenant !== null && !parsed.tenants.has(tenant)) {
      missing(`${SERVICE_KEYS}/${key}`, '/tenant', 'tenant', tenant);
    }
  }
  checkModelReferences(parsed, missing);
  for (const [key, { defaultTarget, tenants, shadows }] of parsed.endpoints) {
    if (!parsed.targets.has(defaultTarget))
      missing(`endpoints/${key}`, '/defaultTarget', 'target', defaultTarget);
    for (const [index, tenant] of (tenants ?? []).entries()) {
      if (!parsed.tenants.has(tenant)) missing(`endpoints/${key}`, `/tenants/${index}`, 'tenant', tenant);
    }
    for (const [index, { target, experiment }] of (shadows ?? []).entries()) {
      const path = `/shadows/${index}`;
      if (!parsed.targets.has(target)) missing(`endpoints/${key}`, `${path}/target`, 'target', target);
      if (experiment !== undefined && !parsed.experiments.has(experiment)) {
        missing(`endpoints/${key}`, `${path}/experiment`, 'experiment', experiment);
      }
    }
  }
  for (const [key, registered] of parsed.experiments) {
    checkExperimentReferences(parsed, registered, (path, kind, name) =>
      missing(`experiments/${key}`, path, kind, name),
    );
  }
}

function checkExperimentReferences(
  parsed: ParsedConfiguration,
  { experiment }: RegisteredExperiment,
  missing: (path: string, kind: string, key: string) => void,
): void {
  if (!parsed.endpoints.has(experiment.endpoint)) missing('/endpoint', 'endpoint', experiment.endpoint);
  if (experiment.layer !== undefined && !parsed.layers.has(experiment.layer.key)) {
    missing('/layer/key', 'layer', experiment.layer.key);
  }
  for (const [index, { target }] of experiment.variants.entries()) {
    if (!parsed.targets.has(target)) missing(`/variants/${index}/target`, 'target', target);
  }
  if (experiment.metrics === undefined) return;
  const { primary, secondary, guardrails } = experiment.metrics;
  const known = (key: string) => parsed.metrics.has(key) || BUILT_IN_METRICS.some((name) => name === key);
  if (!known(primary)) missing('/metrics/primary', 'metric', primary);
  for (const [index, key] of secondary.entries()) {
    if (!known(key)) missing(`/metrics/secondary/${index}`, 'metric', key);
  }
  for (const [index, key] of guardrails.entries()) {
    if (!known(key)) missing(`/metrics/guardrails/${index}`, 'metric', key);
  }
}

function compileExperiments(parsed: ParsedConfiguration, issues: ConfigurationIssue[]): CompiledExperiment[] {
  const compiled: CompiledExperiment[] = [];
  for (const [key, registered] of parsed.experiments) {
    const result = compileExperiment({ ...registered, segments: parsed.segments });
    if (result.ok) compiled.push(result.compiled);
    else issues.push(...result.issues.map((issue) => ({ ...issue, resource: `experiments/${key}` })));
  }
  issues.push(...mixedTargetIssues(parsed), ...overlapIssues(parsed), ...dimensionIssues(parsed));
  return compiled;
}

/** Of two experiments that overlap the later one has the issue: paths begin with its place in the list. */
function overlapIssues({ experiments }: ParsedConfiguration): ConfigurationIssue[] {
  const keys = [...experiments.keys()];
  return exclusivityIssues([...experiments.values()]).map(({ path, ...issue }) => {
    const [, index = '', ...rest] = path.split('/');
    return { ...issue, path: `/${rest.join('/')}`, resource: `experiments/${keys[Number(index)]}` };
  });
}

/** A plain HTTP host is reached through the proxy and a model through inference: one endpoint is one of the two. */
function mixedTargetIssues(parsed: ParsedConfiguration): ConfigurationIssue[] {
  const isHttp = (key: string) => parsed.targets.get(key)?.kind === 'http';
  return [...parsed.experiments.values()].flatMap(({ experiment }) => {
    const defaultTarget = parsed.endpoints.get(experiment.endpoint)?.defaultTarget;
    if (defaultTarget === undefined) return [];
    return experiment.variants.flatMap(({ target }, index) =>
      !parsed.targets.has(target) || isHttp(target) === isHttp(defaultTarget)
        ? []
        : [
            {
              resource: `experiments/${experiment.key}`,
              path: `/variants/${index}/target`,
              code: 'mixed-target-kinds',
              message: `"${target}" and the endpoint's default target "${defaultTarget}" must both be http or both be models`,
            },
          ],
    );
  });
}

/** A unit's id recorded in the clear would undo its pseudonym. */
function dimensionIssues({ endpoints, experiments }: ParsedConfiguration): ConfigurationIssue[] {
  const units = new Set([...experiments.values()].map(({ experiment }) => experiment.unit));
  return [...endpoints].flatMap(([key, { dimensions }]) =>
    dimensions.flatMap((name, index) =>
      units.has(name)
        ? [
            {
              resource: `endpoints/${key}`,
              path: `/dimensions/${index}`,
              code: 'unit-as-dimension',
              message: `"${name}" is the unit of an experiment: ids of units are never recorded`,
            },
          ]
        : [],
    ),
  );
}

interface CompiledParts {
  readonly compiled: readonly CompiledExperiment[];
  readonly withTwins: CompiledEndpoint['targets'];
}

function compileEndpoints(
  parsed: ParsedConfiguration,
  { compiled, withTwins }: CompiledParts,
): ReadonlyMap<string, CompiledEndpoint> {
  const endpoints = new Map<string, CompiledEndpoint>();
  for (const [key, endpoint] of parsed.endpoints) {
    const defaultTarget = withTwins.get(endpoint.defaultTarget);
    if (defaultTarget === undefined) continue;
    const running = [...parsed.experiments.values()].filter(
      ({ experiment, state }) => experiment.endpoint === key && state === 'running',
    );
    const runningKeys = new Set(running.map(({ experiment }) => experiment.key));
    endpoints.set(key, {
      endpoint,
      defaultTarget,
      experiments: compiled.filter((candidate) => runningKeys.has(candidate.experiment.key)),
      units: [...new Set(running.map(({ experiment }) => experiment.unit))].filter(
        (unit) => unit !== 'tenant',
      ),
      targets: withTwins,
      dimensionsOf: dimensionReader(endpoint.dimensions),
      tenants: endpoint.tenants === undefined ? null : new Set(endpoint.tenants),
    });
  }
  return endpoints;
}
