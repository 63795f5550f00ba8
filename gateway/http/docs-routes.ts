import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { GUIDE_PATH } from '../guide/guide-link.ts';
import { OPEN, type Route } from './route.ts';

const SCRIPT_PATH = '/docs/redoc.js';
const SCRIPT_FILE = createRequire(import.meta.url).resolve('redoc/bundles/redoc.standalone.js');
/** The one thing that the script would ask somebody else for, and an image of one empty pixel in its place. */
const LOGO = 'https://cdn.redoc.ly/redoc/logo-mini.svg';
const NO_LOGO = 'data:image/gif;base64,R0lGODlhAQABAAAAACw=';

/** The page may load its own script and the document, and nothing from anybody else. Redoc styles by script. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  'worker-src blob:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Switchyard API</title>
<link rel="icon" href="data:,">
<style>
  body { margin: 0 }
  nav { padding: 0.75rem 1rem; font: 1rem system-ui, sans-serif }
</style>
</head>
<body>
<nav aria-label="Elsewhere"><a href="${GUIDE_PATH}">Guide</a> · <a href="/console">Console</a></nav>
<redoc spec-url="/openapi.json" hide-hostname="true" disable-google-font="true"></redoc>
<script src="${SCRIPT_PATH}"></script>
</body>
</html>
`;

let read: Promise<string> | null = null;

/** Read once, when somebody first looks at the page. */
function script(): Promise<string> {
  read ??= readFile(SCRIPT_FILE, 'utf8').then((text) => text.replaceAll(LOGO, NO_LOGO));
  return read;
}

/** The API's reference page: `/openapi.json`, to be read by people. */
export function docsRoutes(): Route[] {
  const common = { method: 'get' as const, tag: 'operations', access: OPEN };
  return [
    {
      ...common,
      path: '/docs',
      id: 'docs',
      summary: 'This document as a page',
      answers: { 200: { description: 'The page', content: { 'text/html': { example: '<!doctype html>' } } } },
      handle: (_request, response) =>
        response
          .set({
            'content-security-policy': POLICY,
            'x-content-type-options': 'nosniff',
            'referrer-policy': 'no-referrer',
          })
          .type('html')
          .send(PAGE),
    },
    {
      ...common,
      path: SCRIPT_PATH,
      id: 'docsScript',
      summary: 'The script of that page',
      answers: {
        200: { description: 'The script', content: { 'text/javascript': { example: '"use strict"' } } },
      },
      handle: async (_request, response) => {
        response
          .set({ 'x-content-type-options': 'nosniff', 'cache-control': 'public, max-age=86400' })
          .type('text/javascript')
          .send(await script());
      },
    },
  ];
}
