import { createHash } from 'node:crypto';
import { guideContents, type Part } from './guide-contents.ts';
import { guideLink } from './guide-link.ts';
import { guidePage } from './guide-page.ts';
import { readSources, type Source } from './read-sources.ts';
import { renderMarkdown } from './render-markdown.ts';

export interface RenderedPage {
  readonly html: string;
  /** Strong, quoted. */
  readonly etag: string;
}

const FIRST_PAGE = 'guide/README.md';

/** The pages below docs/, read once and each rendered when it is first asked for. */
export class Guide {
  readonly #sources = readSources();
  readonly #byPath = new Map([...this.#sources.values()].map((source) => [source.path, source]));
  readonly #contents = contentsOf(this.#sources);
  readonly #rendered = new Map<string, RenderedPage>();

  page(path: string): RenderedPage | undefined {
    const source = this.#byPath.get(path);
    if (source === undefined) return undefined;
    const known = this.#rendered.get(path);
    if (known !== undefined) return known;
    const html = guidePage({
      title: titleOf(source),
      path,
      contents: this.#contents,
      body: renderMarkdown(source, this.#sources),
    });
    const rendered = { html, etag: `"${createHash('sha256').update(html).digest('base64url')}"` };
    this.#rendered.set(path, rendered);
    return rendered;
  }
}

/** The guide's own pages in its order, then what they refer to by title; decisions are found by links. */
function contentsOf(sources: ReadonlyMap<string, Source>): readonly Part[] {
  const known = { pathOf: (file: string) => sources.get(file)?.path };
  const own = guideContents(sources.get(FIRST_PAGE)?.markdown ?? '').map(({ title, entries }) => ({
    title,
    entries: entries.map((entry) => ({
      title: entry.title,
      href: guideLink(entry.href, FIRST_PAGE, known) ?? entry.href,
    })),
  }));
  const entries = [...sources.values()]
    .filter(({ file }) => !file.includes('/'))
    .map((source) => ({ title: titleOf(source), href: source.path }))
    .sort((left, right) => left.title.localeCompare(right.title, 'en'));
  return [...own, { title: 'Reference', entries }];
}

function titleOf({ markdown, file }: Source): string {
  return /^# (.*)$/m.exec(markdown)?.[1]?.replaceAll('`', '') ?? file;
}
