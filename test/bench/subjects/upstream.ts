import { serve } from './serve.ts';

const ANSWER = Buffer.from(
  JSON.stringify({
    model_name: 'ranker',
    model_version: 'v1',
    outputs: [
      {
        name: 'score',
        datatype: 'FP32',
        shape: [12],
        data: Array.from({ length: 12 }, (_, index) => index / 12),
      },
    ],
  }),
);

/** The model host behind every subject: takes any request and answers a small tensor. */
await serve((request, response) => {
  request.resume();
  request.once('end', () => {
    response
      .writeHead(200, { 'content-type': 'application/json', 'content-length': ANSWER.length })
      .end(ANSWER);
  });
});
