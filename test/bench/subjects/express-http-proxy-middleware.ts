import express from 'express';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { serve } from './serve.ts';

/** Peer: Express with http-proxy-middleware and nothing else. */
const app = express();
app.use(createProxyMiddleware({ target: process.argv[2] ?? '', changeOrigin: true }));
await serve(app);
