import type { Experiment } from '../../experiments/experiment.ts';
import { BUILT_IN_METRICS } from '../../experiments/metric.ts';
import { suggestion } from '../../experiments/suggestion.ts';
import type { Endpoint } from '../catalogue/endpoint.ts';
import { SERVICE_KEYS } from '../catalogue/resources.ts';
import { checkModelReferences } from './check-model-references.ts';
import type { ConfigurationIssue } from './configuration-issue.ts';
import type { ParsedConfiguration } from './parse-documents.ts';

/** One key that a thing says of another. */
interface Reference {
  readonly path: string;
  readonly kind: string;
  readonly key: string;
}

/** What there is, by kind. */
type Registered = ReadonlyMap<string, ReadonlyMap<string, unknown>>;

/** Every key that one thing says of another must exist. */
export function referenceIssues(parsed: ParsedConfiguration): ConfigurationIssue[] {
  const issues: ConfigurationIssue[] = [];
  const registered = registeredIn(parsed);
  const check = (resource: string, references: readonly Reference[]) => {
    for (const { path, kind, key } of references) {
      const known = registered.get(kind);
      if (known === undefined || known.has(key)) continue;
      issues.push(missing(resource, { path, kind, key, near: suggestion(key, known.keys()) }));
    }
  };
  for (const [key, { tenant }] of parsed.keys) {
    check(`keys/${key}`, [{ path: '/tenant', kind: 'tenant', key: tenant }]);
  }
  for (const [key, { tenant }] of parsed.serviceKeys) {
    if (tenant === null) continue;
    check(`${SERVICE_KEYS}/${key}`, [{ path: '/tenant', kind: 'tenant', key: tenant }]);
  }
  checkModelReferences(parsed, (resource, path, kind, key) =>
    issues.push(missing(resource, { path, kind, key })),
  );
  for (const [key, endpoint] of parsed.endpoints) check(`endpoints/${key}`, ofEndpoint(endpoint));
  for (const [key, { experiment }] of parsed.experiments) {
    check(`experiments/${key}`, ofExperiment(experiment));
  }
  for (const [key, { value }] of parsed.holdouts) {
    check(`holdouts/${key}`, [
      ...(value.endpoint === undefined ? [] : [toEndpoint(value.endpoint)]),
      ...toMetrics(value.metrics),
    ]);
  }
  return issues;
}

function missing(
  resource: string,
  {
    path,
    kind,
    key,
    near,
  }: Pick<Reference, 'path' | 'kind' | 'key'> & { readonly near?: string | undefined },
): ConfigurationIssue {
  const advice = near === undefined ? 'register it first or correct the key' : `did you mean "${near}"?`;
  return {
    resource,
    path,
    code: `unknown-${kind}`,
    message: `there is no ${kind} "${key}": ${advice}`,
    value: key,
    ...(near === undefined ? {} : { suggestion: near }),
  };
}

function registeredIn(parsed: ParsedConfiguration): Registered {
  const { tenants, targets, endpoints, layers, experiments } = parsed;
  const metrics = new Map<string, unknown>(parsed.metrics);
  for (const key of BUILT_IN_METRICS) metrics.set(key, null);
  return new Map<string, ReadonlyMap<string, unknown>>([
    ['tenant', tenants],
    ['target', targets],
    ['endpoint', endpoints],
    ['layer', layers],
    ['experiment', experiments],
    ['metric', metrics],
  ]);
}

function ofEndpoint({ defaultTarget, tenants: named = [], shadows = [] }: Endpoint): Reference[] {
  return [
    { path: '/defaultTarget', kind: 'target', key: defaultTarget },
    ...named.map((key, index) => ({ path: `/tenants/${index}`, kind: 'tenant', key })),
    ...shadows.flatMap(({ target, experiment }, index) => [
      { path: `/shadows/${index}/target`, kind: 'target', key: target },
      ...(experiment === undefined
        ? []
        : [{ path: `/shadows/${index}/experiment`, kind: 'experiment', key: experiment }]),
    ]),
  ];
}

/** What an experiment refers to never changes: it is looked up as often as the configuration does. */
const ofExperiments = new WeakMap<Experiment, readonly Reference[]>();

function ofExperiment(experiment: Experiment): readonly Reference[] {
  const known = ofExperiments.get(experiment);
  if (known !== undefined) return known;
  const { endpoint, layer, variants, metrics, prerequisites } = experiment;
  const references = [
    toEndpoint(endpoint),
    ...(layer === undefined ? [] : [{ path: '/layer/key', kind: 'layer', key: layer.key }]),
    ...variants.flatMap(({ target }, index) =>
      target === undefined ? [] : [{ path: `/variants/${index}/target`, kind: 'target', key: target }],
    ),
    ...prerequisites.map(({ experiment: key }, index) => ({
      path: `/prerequisites/${index}/experiment`,
      kind: 'experiment',
      key,
    })),
    ...toMetrics(metrics),
  ];
  ofExperiments.set(experiment, references);
  return references;
}

function toEndpoint(key: string): Reference {
  return { path: '/endpoint', kind: 'endpoint', key };
}

function toMetrics(metrics: Experiment['metrics']): Reference[] {
  if (metrics === undefined) return [];
  const reference = (path: string, key: string) => ({ path: `/metrics/${path}`, kind: 'metric', key });
  return [
    reference('primary', metrics.primary),
    ...metrics.secondary.map((key, index) => reference(`secondary/${index}`, key)),
    ...metrics.guardrails.map((key, index) => reference(`guardrails/${index}`, key)),
  ];
}
