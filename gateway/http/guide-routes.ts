import { fileURLToPath } from 'node:url';
import type { Response } from 'express';
import { Guide } from '../guide/guide.ts';
import { GUIDE_PATH } from '../guide/guide-link.ts';
import { DOCS } from '../guide/read-sources.ts';
import { Problem } from '../problems.ts';
import { OPEN, type Route } from './route.ts';

const STYLE = fileURLToPath(new URL('../guide/guide.css', import.meta.url));

/** Its own style and pictures and nothing else: there is no script at all. Pictures carry their style in them. */
const policyWith = (style: string) =>
  [
    "default-src 'none'",
    `style-src ${style}`,
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

/** `/docs/guide`: what is written below docs/, as pages. */
export function guideRoutes(): Route[] {
  let guide: Guide | null = null;
  return [
    {
      method: 'get',
      path: `${GUIDE_PATH}/{+path}`,
      access: OPEN,
      id: 'guide',
      tag: 'operations',
      summary: 'The guide, and the pages that it refers to',
      answers: {
        200: { description: 'The page', content: { 'text/html': { example: '<!doctype html>' } } },
        304: { description: 'It is the one that you have' },
      },
      problems: ['not-found'],
      handle: (request, response, next) => {
        const path = [request.params['path'] ?? []]
          .flat()
          .filter((part) => part !== '')
          .join('/');
        response.set({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
        const done = (error: unknown) => {
          if (error !== undefined && !response.headersSent) next(error);
        };
        if (path === 'guide.css') return response.sendFile(STYLE, done);
        if (/^images\/[a-z-]+\.svg$/.test(path)) {
          response.set('content-security-policy', policyWith("'unsafe-inline'"));
          return response.sendFile(`guide/${path}`, { root: DOCS }, done);
        }
        guide ??= new Guide();
        return sendPage(response, guide, path === '' ? GUIDE_PATH : `${GUIDE_PATH}/${path}`);
      },
    },
  ];
}

function sendPage(response: Response, guide: Guide, path: string): void {
  const page = guide.page(path);
  if (page === undefined) throw new Problem('not-found', 'the guide has no such page: see /docs/guide');
  response.set({
    'content-security-policy': policyWith("'self'"),
    'cache-control': 'no-cache',
    etag: page.etag,
  });
  if (response.req.headers['if-none-match'] === page.etag) response.status(304).end();
  else response.type('html').send(page.html);
}
