import { createServer } from 'node:http';
import { type Film, loadFilms } from '../models/samples/films.ts';

/**
 * A plain HTTP host as a product team may have it: `/plain/films/{n}` and `/detailed/films/{n}` show the same
 * film in two designs. It knows nothing of Switchyard.
 */
const films = loadFilms();

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

const DESIGNS: Readonly<Record<string, (film: Film) => string>> = {
  plain: ({ title }) => `<h1>${escaped(title)}</h1>`,
  detailed: ({ title, director, genre, releaseYear }) =>
    `<h1>${escaped(title)}</h1><p>${escaped([genre, director, String(releaseYear)].filter(Boolean).join(' · '))}</p>`,
};

const server = createServer((request, response) => {
  const [, design, number] = /^\/(\w+)\/films\/(\d+)$/.exec(request.url ?? '') ?? [];
  const film = films[Number(number)];
  const page = DESIGNS[design ?? ''];
  if (film === undefined || page === undefined) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('no such page');
    return;
  }
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page(film));
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  console.log(JSON.stringify({ msg: 'listening', url: `http://127.0.0.1:${port}` }));
});
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});
