import express from 'express';
import { serve } from './serve.ts';

/** The least that an inference over HTTP can be: the JSON is parsed, and the answer is always the same. */
const app = express();
app.disable('etag');
app.disable('x-powered-by');
app.use(express.json());
app.post('/infer', (_request, response) => {
  response.json({
    model_name: 'tiny',
    model_version: 'v1',
    outputs: [{ name: 'scores', datatype: 'FP32', shape: [4], data: [1, 2, 3, 4] }],
  });
});
await serve(app);
