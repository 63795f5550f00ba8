import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GUIDE_PATH } from './guide-link.ts';

/** Where the pages lie; the guide's own are in `guide/`, the rest is what it refers to. */
export const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));

/** One page as it was written. */
export interface Source {
  /** Below docs/: `guide/quickstart.md`. */
  readonly file: string;
  /** Where the gateway shows it: `/docs/guide/quickstart`. */
  readonly path: string;
  readonly markdown: string;
}

/** Every page below docs/, by its file. */
export function readSources(): ReadonlyMap<string, Source> {
  const files = readdirSync(DOCS, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.md'),
  );
  return new Map(
    files.map((file) => {
      const markdown = readFileSync(join(DOCS, file), 'utf8');
      return [file, { file, path: pathOf(file), markdown }];
    }),
  );
}

function pathOf(file: string): string {
  if (file === 'guide/README.md') return GUIDE_PATH;
  const name = file.replace(/\.md$/, '');
  return `${GUIDE_PATH}/${name.startsWith('guide/') ? name.slice('guide/'.length) : `reference/${name}`}`;
}
