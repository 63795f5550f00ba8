import type { Part } from './guide-contents.ts';
import { GUIDE_PATH } from './guide-link.ts';
import { escaped } from './render-markdown.ts';

export interface PageParts {
  readonly title: string;
  /** Where it is shown. */
  readonly path: string;
  /** The contents, each entry by where it is shown. */
  readonly contents: readonly Part[];
  /** HTML of the text. */
  readonly body: string;
}

/** One page of the guide as a whole HTML document, which needs no script. */
export function guidePage({ title, path, contents, body }: PageParts): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)} · Switchyard</title>
<link rel="icon" href="${GUIDE_PATH}/images/icon.svg">
<link rel="stylesheet" href="${GUIDE_PATH}/guide.css">
</head>
<body>
<a class="skip" href="#text">Skip to the text</a>
<header>
<a class="brand" href="${GUIDE_PATH}">Switchyard guide</a>
<nav aria-label="Elsewhere"><a href="/docs">API</a> <a href="/console">Console</a></nav>
</header>
<div class="columns">
<nav class="contents" aria-label="Contents">
<details><summary>Contents</summary>
${contents.map((part) => partOf(part, path)).join('\n')}
</details>
</nav>
<main id="text">
${body}
${neighbours(contents, path)}
</main>
</div>
</body>
</html>
`;
}

function partOf({ title, entries }: Part, path: string): string {
  const items = entries.map(({ title: name, href }) => {
    const current = href === path ? ' aria-current="page"' : '';
    return `<li><a href="${escaped(href)}"${current}>${escaped(name)}</a></li>`;
  });
  return `<p>${escaped(title)}</p>\n<ul>${items.join('')}</ul>`;
}

/** What comes before and after it, in the order of the contents. */
function neighbours(contents: readonly Part[], path: string): string {
  const entries = contents.flatMap((part) => part.entries);
  const index = entries.findIndex(({ href }) => href === path);
  const link = (at: number, mark: (title: string) => string) => {
    const entry = index < 0 ? undefined : entries[at];
    return entry === undefined ? '' : `<a href="${escaped(entry.href)}">${mark(escaped(entry.title))}</a>`;
  };
  const links = link(index - 1, (title) => `← ${title}`) + link(index + 1, (title) => `${title} →`);
  return links === '' ? '' : `<nav class="neighbours" aria-label="Next to this page">${links}</nav>`;
}
