import { posix } from 'node:path';

/** Where the gateway shows the guide. */
export const GUIDE_PATH = '/docs/guide';

interface Known {
  /** Where a file below docs/ is shown, if it is. */
  readonly pathOf: (file: string) => string | undefined;
}

/**
 * Where a link of a page leads in the gateway: pages and pictures below docs/, places on the web, paths of the gateway
 * itself. Null for what is only there for those who read the code, a source file: it is shown as text.
 */
export function guideLink(href: string, from: string, { pathOf }: Known): string | null {
  if (/^(https:|#|\/)/.test(href)) return href;
  const [, path = '', hash = ''] = /^([^#]*)(#.*)?$/.exec(href) ?? [];
  const file = posix.join(posix.dirname(from), path);
  if (file.startsWith('guide/images/')) return `${GUIDE_PATH}/${file.slice('guide/'.length)}`;
  const shown = pathOf(file);
  return shown === undefined ? null : shown + hash;
}
