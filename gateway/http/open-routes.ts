import { LIVE_PATH, READY_PATH } from '../config.ts';
import type { SnapshotSource } from '../snapshot/snapshot-source.ts';
import { anObject } from './openapi-parts.ts';
import { OPEN, type Route } from './route.ts';

/** What this server is and which extensions of the Open Inference Protocol v2 it speaks. */
const SERVER_METADATA = {
  name: 'switchyard',
  version: '0.1.0',
  extensions: ['binary_tensor_data', 'model_configuration', 'model_repository', 'statistics'],
} as const;

interface OpenOptions {
  readonly source: SnapshotSource;
  /** False while the process drains. */
  readonly accepting: () => boolean;
  /** The OpenAPI document. */
  readonly document: () => unknown;
}

/** What anybody may ask: who this is, whether it lives, and what may be asked of it. */
export function openRoutes({ source, accepting, document }: OpenOptions): Route[] {
  const ready = () => accepting() && source.current !== null;
  const open = (
    path: string,
    id: string,
    { summary, example, mayBeUnready = false }: { summary: string; example: unknown; mayBeUnready?: boolean },
  ) => ({
    method: 'get' as const,
    path,
    id,
    tag: 'operations',
    summary,
    access: OPEN,
    answers: {
      200: anObject(summary, example),
      ...(mayBeUnready ? { 503: anObject('Not ready, or draining') } : {}),
    },
  });
  return [
    {
      ...open('/v2', 'serverMetadata', {
        summary: 'Name, version and extensions, as the Open Inference Protocol has it',
        example: SERVER_METADATA,
      }),
      handle: (_request, response) => response.json(SERVER_METADATA),
    },
    {
      ...open('/v2/health/live', 'serverLive', { summary: 'The process runs', example: { live: true } }),
      handle: (_request, response) => response.json({ live: true }),
    },
    {
      ...open('/v2/health/ready', 'serverReady', {
        summary: 'Requests are served',
        example: { ready: true },
        mayBeUnready: true,
      }),
      handle: (_request, response) => response.status(ready() ? 200 : 503).json({ ready: ready() }),
    },
    {
      ...open(LIVE_PATH, 'live', { summary: 'The process runs', example: { status: 'live' } }),
      handle: (_request, response) => response.json({ status: 'live' }),
    },
    {
      ...open(READY_PATH, 'ready', {
        summary: 'Requests are served, from this revision of the configuration',
        example: { status: 'ready', revision: 42 },
        mayBeUnready: true,
      }),
      handle: (_request, response) =>
        response.status(ready() ? 200 : 503).json({
          status: ready() ? 'ready' : 'not-ready',
          revision: source.current?.snapshot.revision ?? null,
        }),
    },
    {
      ...open('/openapi.json', 'openApi', { summary: 'This document', example: { openapi: '3.1.0' } }),
      handle: (_request, response) => response.json(document()),
    },
  ];
}
