import { compileSegments, type Lists } from '../../experiments/audience/compile-segments.ts';
import type { Environment } from '../../experiments/environment.ts';
import type { StoredDocument } from '../../experiments/store/configuration-store.ts';
import { experimentIssues } from './check-experiments.ts';
import { referenceIssues } from './check-references.ts';
import { compileEndpoints } from './compile-endpoints.ts';
import { compileExperiments } from './compile-experiments.ts';
import { compileFlags } from './compile-flags.ts';
import { compileHoldouts } from './compile-holdouts.ts';
import { serviceKeyGrants, tenantKeyGrants } from './compile-keys.ts';
import type { ConfigurationIssue } from './configuration-issue.ts';
import { parseDocuments } from './parse-documents.ts';
import { resolveTargets } from './resolve-targets.ts';
import type { Snapshot } from './snapshot.ts';

export type CompiledConfiguration =
  | { readonly ok: true; readonly snapshot: Snapshot }
  | { readonly ok: false; readonly issues: readonly ConfigurationIssue[] };

export interface CompileOptions {
  /** `production` unless given. */
  readonly environment?: Environment;
  /** The lists that were uploaded to segments; without them the snapshot says what is valid, and serves nobody. */
  readonly lists?: Lists;
}

/**
 * The whole configuration, checked and compiled: the same function says whether a change may be committed
 * and makes what requests of one environment are served from, so the two can never disagree. Reports every
 * issue at once, whatever the environment.
 */
export function compileSnapshot(
  revision: number,
  documents: readonly StoredDocument[],
  { environment = 'production', lists = null }: CompileOptions = {},
): CompiledConfiguration {
  const issues: ConfigurationIssue[] = [];
  const parsed = parseDocuments(documents, issues);
  issues.push(...referenceIssues(parsed), ...experimentIssues(parsed));
  const holdouts = compileHoldouts(parsed.holdouts.values());
  const segments = compileSegments(parsed.segments, lists);
  for (const { segment, ...issue } of segments.issues)
    issues.push({ ...issue, resource: `segments/${segment}` });
  const compiled = compileExperiments(parsed, { segments: segments.compiled, holdouts }, issues);
  if (issues.length > 0) return { ok: false, issues };
  const here = [...compiled.values()].filter(({ experiment }) => experiment.environment === environment);
  const { withTwins, targets, servedTargets } = resolveTargets(parsed);
  const endpoints = compileEndpoints(parsed, {
    withTwins,
    compiled: here,
    holdouts: holdouts.filter(({ holdout }) => holdout.environment === environment),
    byKey: compiled,
  });
  const { tenants, experiments, metrics, halts, environments, versions, aliases } = parsed;
  const snapshot = {
    revision,
    tenants,
    tenantKeys: tenantKeyGrants(parsed.keys.values(), tenants),
    serviceKeys: serviceKeyGrants(parsed.serviceKeys.values()),
    endpoints,
    flags: compileFlags(here, { endpoints, byKey: compiled }),
    experiments,
    compiled,
    holdouts: parsed.holdouts,
    segments: parsed.segments,
    metrics,
    halts,
    environments,
    targets,
    servedTargets,
    aliases,
    versions,
  };
  return { ok: true, snapshot };
}
