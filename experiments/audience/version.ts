/**
 * A version as a string that sorts like the version, the published GrowthBook way: a leading `v` and the
 * build (`+…`) go, numeric parts are padded to five characters, and `~` puts a release after its
 * pre-releases. What is not a string or number counts as version 0.
 * Source: growthbook/packages/sdk-js/src/util.ts, paddedVersionString. That function cuts the build with a
 * pattern that takes quadratic time on a run of plus signs; this one looks for the first of them.
 */
export function paddedVersion(version: unknown): string {
  const text = typeof version === 'number' ? String(version) : version;
  const parts = coreOf(typeof text === 'string' && text !== '' ? text : '0').split(/[-.]/);
  if (parts.length === 3) parts.push('~');
  return parts.map((part) => (/^[0-9]+$/.test(part) ? part.padStart(5, ' ') : part)).join('-');
}

function coreOf(version: string): string {
  const build = version.indexOf('+');
  return version.slice(version.startsWith('v') ? 1 : 0, build === -1 ? undefined : build);
}
