import { Problem } from '../problems.ts';
import type { CompiledEndpoint, TargetWithTwins } from '../snapshot/snapshot.ts';

/**
 * The versions that an endpoint answers with: its default target's, then those of its running experiments. A
 * blinded endpoint names none.
 */
export function endpointVersions(endpoint: CompiledEndpoint): ReadonlyMap<string, TargetWithTwins> {
  const versions = new Map<string, TargetWithTwins>();
  if (endpoint.endpoint.blinded) return versions;
  const variants = endpoint.experiments.flatMap(({ experiment }) => experiment.variants);
  const places = [
    endpoint.defaultTarget,
    ...variants.flatMap(({ target }) => (target === undefined ? [] : (endpoint.targets.get(target) ?? []))),
  ];
  for (const place of places.flatMap<TargetWithTwins>((each) => each.ramp ?? [each])) {
    const { version } = place.target;
    if (version !== undefined && !versions.has(version)) versions.set(version, place);
  }
  return versions;
}

/** Where one version of an endpoint is served. Throws `not-found`. */
export function findVersion(endpoint: CompiledEndpoint, version: string): TargetWithTwins {
  const found = endpointVersions(endpoint).get(version);
  if (found !== undefined) return found;
  throw new Problem(
    'not-found',
    `endpoint "${endpoint.endpoint.key}" has no version "${version.slice(0, 100)}": leave the version out, or read its metadata`,
  );
}
