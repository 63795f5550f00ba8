import type { RequestHandler } from 'express';
import { contextOf } from '../http/request-context.ts';
import { Problem } from '../problems.ts';
import { findEndpoint } from './find-endpoint.ts';
import type { DataPlane } from './infer-route.ts';

/** `GET /v2/models/{endpoint}`: an endpoint in the words that the Open Inference Protocol has for a model. */
export function modelMetadataRoute({ targets }: DataPlane): RequestHandler<{ endpoint: string }> {
  return async (request, response) => {
    const endpoint = findEndpoint(contextOf(response), request.params.endpoint);
    const { target, twins } = endpoint.defaultTarget;
    if (target.kind === 'http') {
      throw new Problem(
        'wrong-target-kind',
        `endpoint "${endpoint.endpoint.key}" is a plain HTTP host, not a model`,
      );
    }
    const { requestId } = contextOf(response);
    for (const candidate of [target, ...twins]) {
      const metadata = await targets.metadata(candidate, requestId);
      if (metadata === null) continue;
      const versions = endpoint.endpoint.blinded || target.version === undefined ? [] : [target.version];
      response.json({ ...metadata, name: endpoint.endpoint.key, versions });
      return;
    }
    throw new Problem(
      'target-failed',
      `no target of endpoint "${endpoint.endpoint.key}" gives its metadata now`,
    );
  };
}

/** `GET /v2/models/{endpoint}/ready`: 200 while any of its default targets would be asked, else 503. */
export function modelReadyRoute({ targets }: DataPlane): RequestHandler<{ endpoint: string }> {
  return (request, response) => {
    const endpoint = findEndpoint(contextOf(response), request.params.endpoint);
    const { target, twins } = endpoint.defaultTarget;
    const ready = [target, ...twins].some(({ key }) => !targets.breakers.isOpen(key));
    response.status(ready ? 200 : 503).json({ name: endpoint.endpoint.key, ready });
  };
}
