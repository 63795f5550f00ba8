import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createProgram } from '../../cli/program.ts';
import { RESOURCE_KINDS } from '../../gateway/catalogue/resources.ts';
import { Guide } from '../../gateway/guide/guide.ts';
import { GUIDE_PATH } from '../../gateway/guide/guide-link.ts';
import type { Json } from '../../gateway/http/openapi-parts.ts';
import { configurationPage } from '../support/configuration-page.ts';
import { blocksOf, GUIDE, guidePages, readPage } from '../support/guide-blocks.ts';

const PAGES = guidePages();
const IMAGES = join(GUIDE, 'images');
const guide = new Guide();
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));

const pathOf = (page: string) => (page === 'README' ? GUIDE_PATH : `${GUIDE_PATH}/${page}`);
const htmlOf = (path: string) => guide.page(path)?.html ?? '';
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found = '']) => found);

describe.each(PAGES)('the guide: %s', (page) => {
  it('has only blocks that are run or checked, and what is only checked is shell', async () => {
    const parsed = blocksOf(page).flatMap((block) => (block.kind === 'parsed' ? [block.text] : []));
    for (const text of parsed) await promisify(execFile)('bash', ['-n', '-c', text]);
  });

  it('shows only configuration that its schemas take', () => {
    for (const block of blocksOf(page)) {
      if (block.kind !== 'example') continue;
      for (const [name, items] of Object.entries(parse(block.text) as Record<string, Json[]>)) {
        const kind = RESOURCE_KINDS.find((known) => known.name === name);
        for (const { model, ...item } of items) {
          const written = kind !== undefined && 'parent' in kind ? item : { model, ...item };
          expect(kind?.schema.safeParse(JSON.parse(JSON.stringify(written)))).toMatchObject({
            success: true,
          });
        }
      }
    }
  });

  it('names only commands and scripts that there are', () => {
    const commands = createProgram().commands.map((command) => command.name());
    for (const command of all(readPage(page), /npx switchyard (?:--\S+ )*([a-z]+)/g)) {
      expect(commands).toContain(command);
    }
    for (const script of all(readPage(page), /npm run ([a-z:]+)/g)) expect(scripts).toHaveProperty([script]);
  });

  it('links to files that there are, and in the gateway to places that there are', () => {
    for (const link of all(readPage(page), /\]\(([^)#]+)[^)]*\)/g)) {
      if (!/^(https:|\/)/.test(link)) expect([link, existsSync(join(GUIDE, link))]).toEqual([link, true]);
    }
    const html = htmlOf(pathOf(page));
    for (const link of all(html, /href="(\/docs\/guide[^"]*)"/g).filter(
      (path) => !/\.(css|svg)$/.test(path),
    )) {
      const [path = '', hash] = link.split('#');
      expect([link, guide.page(path) !== undefined]).toEqual([link, true]);
      if (hash !== undefined) expect(htmlOf(path)).toContain(`id="${hash}"`);
    }
    for (const image of all(html, /<img src="\/docs\/guide\/images\/([^"]*)"/g)) {
      expect(readdirSync(IMAGES)).toContain(image);
    }
  });

  it('is in the contents, has one title, and asks nobody else for anything', () => {
    const html = htmlOf(pathOf(page));
    if (page !== 'README') expect(html).toContain(`<a href="${pathOf(page)}" aria-current="page">`);
    expect(all(html, /(<h1) /g)).toHaveLength(1);
    expect(
      all(html, /(?:src|<link[^>]* href)="([^"]*)"/g).filter((url) => !url.startsWith(GUIDE_PATH)),
    ).toEqual([]);
    expect(html).not.toContain('<script');
  });
});

describe('the configuration reference', () => {
  it('is made from the schemas (npx vitest -u writes it anew)', async () => {
    await expect(configurationPage()).toMatchFileSnapshot('../../docs/guide/configuration.md');
  });
});

describe('what the guide refers to', () => {
  it('is every page in docs/ itself, in the contents by its title', () => {
    const contents = htmlOf(GUIDE_PATH);
    const missing = readdirSync('docs')
      .filter((name) => name.endsWith('.md'))
      .filter((name) => !contents.includes(`href="${GUIDE_PATH}/reference/${name.replace('.md', '')}"`));
    expect(missing).toEqual([]);
  });

  it('shows links to source files as text, since the gateway does not show those', () => {
    expect(readFileSync('docs/statistics.md', 'utf8')).toContain('](../experiments/analysis)');
    expect(htmlOf(`${GUIDE_PATH}/reference/statistics`)).not.toContain('../experiments');
  });
});

describe('the pictures of the guide', () => {
  it.each(readdirSync(IMAGES))('%s has a title for who cannot see it, and both colour schemes', (name) => {
    const svg = readFileSync(join(IMAGES, name), 'utf8');
    expect(svg).toMatch(/role="img" aria-labelledby="title">\s*<title id="title">\S.{40,}<\/title>/);
    expect(svg).toContain('prefers-color-scheme: dark');
    expect(svg).not.toMatch(/href|url\((?!#)/);
  });
});
