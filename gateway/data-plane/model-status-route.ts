import type { RequestHandler } from 'express';
import { contextOf } from '../http/request-context.ts';
import type { DataPlane } from './data-plane.ts';
import { endpointVersions } from './endpoint-versions.ts';
import { findEndpoint } from './find-endpoint.ts';

/** `GET /v1/models/{endpoint}`: `ready` for clients of KServe v1, `model_version_status` for those of TensorFlow Serving. */
export function modelStatusRoute({ targets }: DataPlane): RequestHandler<{ endpoint: string }> {
  return (request, response) => {
    const endpoint = findEndpoint(contextOf(response), request.params.endpoint);
    const statuses = [...endpointVersions(endpoint)].map(([version, { target, twins }]) => {
      const ready = [target, ...twins].some(({ key }) => !targets.breakers.isOpen(key));
      const status = ready
        ? { error_code: 'OK', error_message: '' }
        : { error_code: 'UNAVAILABLE', error_message: 'its targets fail and are left alone for a second' };
      return { version, state: ready ? 'AVAILABLE' : 'UNKNOWN', status };
    });
    const { target, twins } = endpoint.defaultTarget;
    const ready = [target, ...twins].some(({ key }) => !targets.breakers.isOpen(key));
    response.json({ name: endpoint.endpoint.key, ready, model_version_status: statuses });
  };
}
