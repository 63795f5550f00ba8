import { Agent } from 'undici';
import { serve } from './serve.ts';

const agent = new Agent({ connections: 256 });
const origin = process.argv[2] ?? '';

/** Peer: the least that a proxy over undici can be: reads a body, sends it on, streams the answer back. */
await serve((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.once('end', async () => {
    const { method = 'GET', url = '/' } = request;
    const answer = await agent.request({
      origin,
      path: url,
      method,
      headers: { 'content-type': 'application/json' },
      body: Buffer.concat(chunks),
    });
    const type = answer.headers['content-type'];
    response.writeHead(answer.statusCode, {
      'content-type': typeof type === 'string' ? type : 'application/octet-stream',
    });
    answer.body.pipe(response);
  });
});
