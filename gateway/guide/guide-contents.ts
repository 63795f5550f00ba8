import { lexer, type Token } from 'marked';

interface Entry {
  readonly title: string;
  /** As it is linked in the contents: `quickstart.md`. */
  readonly href: string;
}

export interface Part {
  readonly title: string;
  readonly entries: readonly Entry[];
}

/** The guide's contents, from its first page: each second-level heading with the links of the lists below it. */
export function guideContents(markdown: string): readonly Part[] {
  const parts: { title: string; entries: Entry[] }[] = [];
  for (const token of lexer(markdown)) {
    if (token.type === 'heading' && token['depth'] === 2)
      parts.push({ title: String(token['text']), entries: [] });
    if (token.type === 'list') parts.at(-1)?.entries.push(...(token['items'] as Token[]).flatMap(firstLink));
  }
  return parts.filter(({ entries }) => entries.length > 0);
}

function firstLink(token: Token): Entry[] {
  if (token.type === 'link') return [{ title: String(token['text']), href: String(token['href']) }];
  const inner = 'tokens' in token ? (token.tokens ?? []) : [];
  return inner.flatMap(firstLink).slice(0, 1);
}
