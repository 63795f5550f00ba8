import { BUILT_IN_METRICS } from '../../experiments/metric.ts';
import { suggestion } from '../../experiments/suggestion.ts';
import type { Endpoint } from '../catalogue/endpoint.ts';
import { SERVICE_KEYS } from '../catalogue/resources.ts';
import { checkModelReferences } from './check-model-references.ts';
import type { ConfigurationIssue } from './configuration-issue.ts';
import type { ParsedConfiguration } from './parse-documents.ts';
import type { RegisteredExperiment } from './snapshot.ts';

/** One key that a thing says of another. */
interface Reference {
  readonly path: string;
  readonly kind: string;
  readonly key: string;
  /** What there is of that kind. */
  readonly known: ReadonlyMap<string, unknown>;
}

/** Every key that one thing says of another must exist. */
export function referenceIssues(parsed: ParsedConfiguration): ConfigurationIssue[] {
  const issues: ConfigurationIssue[] = [];
  const check = (resource: string, references: readonly Reference[]) => {
    for (const { path, kind, key, known } of references) {
      if (known.has(key)) continue;
      issues.push(missing(resource, { path, kind, key, near: suggestion(key, known.keys()) }));
    }
  };
  const { tenants, endpoints } = parsed;
  for (const [key, { tenant }] of parsed.keys) {
    check(`keys/${key}`, [{ path: '/tenant', kind: 'tenant', key: tenant, known: tenants }]);
  }
  for (const [key, { tenant }] of parsed.serviceKeys) {
    if (tenant === null) continue;
    check(`${SERVICE_KEYS}/${key}`, [{ path: '/tenant', kind: 'tenant', key: tenant, known: tenants }]);
  }
  checkModelReferences(parsed, (resource, path, kind, key) =>
    issues.push(missing(resource, { path, kind, key })),
  );
  for (const [key, endpoint] of endpoints) check(`endpoints/${key}`, ofEndpoint(parsed, endpoint));
  for (const [key, registered] of parsed.experiments) {
    check(`experiments/${key}`, ofExperiment(parsed, registered));
  }
  for (const [key, { value }] of parsed.holdouts) {
    check(`holdouts/${key}`, [
      ...(value.endpoint === undefined ? [] : [toEndpoint(parsed, value.endpoint)]),
      ...toMetrics(parsed, value.metrics),
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

function ofEndpoint(
  { targets, tenants, experiments }: ParsedConfiguration,
  { defaultTarget, tenants: named = [], shadows = [] }: Endpoint,
): Reference[] {
  return [
    { path: '/defaultTarget', kind: 'target', key: defaultTarget, known: targets },
    ...named.map((key, index) => ({ path: `/tenants/${index}`, kind: 'tenant', key, known: tenants })),
    ...shadows.flatMap(({ target, experiment }, index) => [
      { path: `/shadows/${index}/target`, kind: 'target', key: target, known: targets },
      ...(experiment === undefined
        ? []
        : [
            { path: `/shadows/${index}/experiment`, kind: 'experiment', key: experiment, known: experiments },
          ]),
    ]),
  ];
}

function ofExperiment(parsed: ParsedConfiguration, { experiment }: RegisteredExperiment): Reference[] {
  const { endpoint, layer, variants, metrics, prerequisites } = experiment;
  return [
    toEndpoint(parsed, endpoint),
    ...(layer === undefined
      ? []
      : [{ path: '/layer/key', kind: 'layer', key: layer.key, known: parsed.layers }]),
    ...variants.flatMap(({ target }, index) =>
      target === undefined
        ? []
        : [{ path: `/variants/${index}/target`, kind: 'target', key: target, known: parsed.targets }],
    ),
    ...prerequisites.map(({ experiment: key }, index) => ({
      path: `/prerequisites/${index}/experiment`,
      kind: 'experiment',
      key,
      known: parsed.experiments,
    })),
    ...toMetrics(parsed, metrics),
  ];
}

function toEndpoint({ endpoints }: ParsedConfiguration, key: string): Reference {
  return { path: '/endpoint', kind: 'endpoint', key, known: endpoints };
}

function toMetrics(
  parsed: ParsedConfiguration,
  metrics: RegisteredExperiment['experiment']['metrics'],
): Reference[] {
  if (metrics === undefined) return [];
  const known = new Map<string, unknown>(parsed.metrics);
  for (const key of BUILT_IN_METRICS) known.set(key, null);
  const reference = (path: string, key: string) => ({ path: `/metrics/${path}`, kind: 'metric', key, known });
  return [
    reference('primary', metrics.primary),
    ...metrics.secondary.map((key, index) => reference(`secondary/${index}`, key)),
    ...metrics.guardrails.map((key, index) => reference(`guardrails/${index}`, key)),
  ];
}
