import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NextFunction, Request, Response } from 'express';
import { Problem } from '../problems.ts';
import { OPEN, type Route } from './route.ts';

const DIST = fileURLToPath(new URL('../../console/dist/', import.meta.url));
/** As `npm run console:build` leaves them, the smaller one first. */
const CODINGS = [
  { name: 'br', extension: '.br' },
  { name: 'gzip', extension: '.gz' },
] as const;
const NONCE_MARK = '__CSP_NONCE__';
const PROVIDER_MARK = '__IDENTITY_PROVIDER__';

/** Scripts and styles of the console itself and nothing else; no frame may hold it (CSP Level 3). */
const policyWith = (nonce: string) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');

/**
 * `/console`: the web page, as `npm run console:build` has left it. Files whose names carry their digest may be
 * kept for ever; the page itself, which any other path leads to, is made for each request, with a nonce, and says
 * whether people may sign in by an identity provider.
 */
export function consoleRoutes({ identityProvider }: { readonly identityProvider: boolean }): Route[] {
  let page: string | null = null;
  return [
    {
      method: 'get',
      path: '/console/{+path}',
      access: OPEN,
      id: 'console',
      tag: 'operations',
      summary: 'The web page for product teams, and its files',
      answers: {
        200: { description: 'The page', content: { 'text/html': { example: '<!doctype html>' } } },
      },
      problems: ['not-found'],
      handle: (request, response, next) => {
        const path = [request.params['path'] ?? []].flat().join('/');
        if (!path.startsWith('assets/')) {
          page ??= readPage().replace(PROVIDER_MARK, identityProvider ? 'yes' : 'no');
          return sendPage(response, page);
        }
        sendAsset(path, { request, response, next });
      },
    },
  ];
}

/** A file in the best of the codings that the browser takes, each of which lies beside it. */
function sendAsset(
  path: string,
  {
    request,
    response,
    next,
  }: { readonly request: Request; readonly response: Response; readonly next: NextFunction },
): void {
  const coding = CODINGS.find(({ name }) => request.acceptsEncodings(name) === name);
  response.set({ 'x-content-type-options': 'nosniff', vary: 'accept-encoding' }).type(extname(path));
  if (coding !== undefined) response.set('content-encoding', coding.name);
  response.sendFile(
    `${path}${coding?.extension ?? ''}`,
    { root: DIST, immutable: true, maxAge: '1y' },
    (error) => {
      if (error === undefined || response.headersSent) return;
      response.removeHeader('content-encoding');
      next(error);
    },
  );
}

function sendPage(response: Response, page: string): void {
  const nonce = randomBytes(16).toString('base64');
  response
    .set({
      'content-security-policy': policyWith(nonce),
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    })
    .type('html')
    .send(page.replaceAll(NONCE_MARK, nonce));
}

function readPage(): string {
  try {
    return readFileSync(join(DIST, 'index.html'), 'utf8');
  } catch (cause) {
    throw new Problem('not-found', 'the console is not built here: run "npm run console:build"', { cause });
  }
}
