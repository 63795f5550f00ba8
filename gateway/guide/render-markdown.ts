import { Marked, Renderer, type Tokens } from 'marked';
import { guideLink } from './guide-link.ts';
import type { Source } from './read-sources.ts';

/** The text of a page as HTML: headings can be linked to, and what is wider than a telephone scrolls by itself. */
export function renderMarkdown(source: Source, sources: ReadonlyMap<string, Source>): string {
  const renderer = new GuideRenderer((href) =>
    guideLink(href, source.file, { pathOf: (file) => sources.get(file)?.path }),
  );
  return new Marked().parse(source.markdown, { renderer, async: false });
}

class GuideRenderer extends Renderer {
  readonly #linkOf: (href: string) => string | null;

  constructor(linkOf: (href: string) => string | null) {
    super();
    this.#linkOf = linkOf;
  }

  override heading({ tokens, depth, text }: Tokens.Heading): string {
    const inner = this.parser.parseInline(tokens);
    return `<h${depth} id="${headingId(text)}">${inner}</h${depth}>\n`;
  }

  override link({ href, tokens }: Tokens.Link): string {
    const inner = this.parser.parseInline(tokens);
    const to = this.#linkOf(href);
    return to === null ? inner : `<a href="${escaped(to)}">${inner}</a>`;
  }

  override image({ href, text }: Tokens.Image): string {
    const image = `<img src="${escaped(this.#linkOf(href) ?? href)}" alt="${escaped(text)}">`;
    return `<span class="picture" role="group" aria-label="Picture" tabindex="0">${image}</span>`;
  }

  override code({ text, lang = '' }: Tokens.Code): string {
    const [, file] = /\bfile=(\S+)/.exec(lang) ?? [];
    const caption = file === undefined ? '' : `<figcaption>${escaped(file)}</figcaption>`;
    const output = lang === 'text' ? ' class="output"' : '';
    return `<figure${output}>${caption}<pre tabindex="0"><code>${escaped(text)}</code></pre></figure>\n`;
  }

  override table(token: Tokens.Table): string {
    return `<div class="table" role="region" aria-label="Table" tabindex="0">${super.table(token)}</div>\n`;
  }
}

/** As GitHub makes them, so that a link with a fragment is right in both places. */
function headingId(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}
