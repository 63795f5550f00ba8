import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lexer } from 'marked';

export const GUIDE = 'docs/guide';

/** What a page of the guide has a reader do, in its order. */
export type Block =
  /** Run in the reader's shell; `expected` is what the page shows of the output. */
  | { readonly kind: 'run'; readonly text: string; expected: string }
  /** Run in a terminal of its own, until the page ends it. */
  | { readonly kind: 'background'; readonly name: string; readonly text: string }
  /** `<!-- stops: name -->`: what was started in a terminal of its own ends here, by Ctrl-C. */
  | { readonly kind: 'stop'; readonly name: string }
  /** Needs an account of a cloud, or has been done already: only has to be shell. */
  | { readonly kind: 'parsed'; readonly text: string }
  /** A configuration file that only has to be one. */
  | { readonly kind: 'example'; readonly text: string }
  | { readonly kind: 'file'; readonly name: string; readonly text: string };

/** The guide's pages, without `.md`: its contents first, then in their order. */
export function guidePages(): string[] {
  const contents = [...readPage('README').matchAll(/^- \[[^\]]*\]\(([^)]*)\.md\)/gm)].map(
    ([, name = '']) => name,
  );
  const all = readdirSync(GUIDE).filter((name) => name.endsWith('.md'));
  return ['README', ...contents, ...all.map((name) => name.replace(/\.md$/, ''))].filter(
    (name, index, names) => names.indexOf(name) === index,
  );
}

export const readPage = (page: string) => readFileSync(join(GUIDE, `${page}.md`), 'utf8');

/** Every fenced block of a page. Throws for one that nobody would run or check. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  for (const token of lexer(readPage(page))) {
    if (token.type === 'html') {
      const [, name] = /^<!-- stops: (\S+) -->/.exec(token.raw) ?? [];
      if (name !== undefined) blocks.push({ kind: 'stop', name });
    }
    if (token.type !== 'code') continue;
    const before = blocks.at(-1);
    const { lang = '', text } = token as { readonly lang?: string; readonly text: string };
    if (lang === 'text' && before?.kind === 'run') before.expected = text;
    else blocks.push(blockOf(lang, text, page));
  }
  return blocks;
}

function blockOf(lang: string, text: string, page: string): Block {
  const [, file] = /^(?:json|yaml|ts|py) file=(\S+)$/.exec(lang) ?? [];
  if (file !== undefined) return { kind: 'file', name: file, text };
  const [, name] = /^sh background=(\S+)$/.exec(lang) ?? [];
  if (name !== undefined) return { kind: 'background', name, text };
  if (lang === 'sh') return { kind: 'run', text, expected: '' };
  if (lang === 'sh parsed') return { kind: 'parsed', text };
  if (lang === 'yaml example') return { kind: 'example', text };
  throw new Error(`${page}.md: a block of "${lang}" is neither run nor checked:\n${text}`);
}
