import type { Request, RequestHandler, Response } from 'express';
import { modelConfig } from '../../models/codecs/model-metadata.ts';
import { signatureOf } from '../../models/codecs/signature-of.ts';
import { contextOf } from '../http/request-context.ts';
import { Problem } from '../problems.ts';
import type { CompiledEndpoint } from '../snapshot/snapshot.ts';
import type { DataPlane } from './data-plane.ts';
import { endpointVersions, findVersion } from './endpoint-versions.ts';
import { findEndpoint } from './find-endpoint.ts';

/** Without a version the whole endpoint is meant. */
type ModelPath = { readonly endpoint: string; readonly version?: string };

/** An endpoint in the words that the Open Inference Protocol has for a model: its metadata. */
export function modelMetadataRoute(plane: DataPlane): RequestHandler<ModelPath> {
  return async (request, response) => void response.json(await describe(plane, request, response));
}

/** The same as a model configuration, which Triton's clients ask for. */
export function modelConfigRoute(plane: DataPlane): RequestHandler<ModelPath> {
  return async (request, response) => {
    const metadata = await describe(plane, request, response);
    const signature = signatureOf(metadata);
    if (signature === null)
      throw new Problem('target-failed', `the metadata of "${metadata.name}" names no inputs and outputs`);
    response.json(modelConfig({ ...metadata, signature }));
  };
}

/** What this process has counted of it. */
export function modelStatisticsRoute({ statistics }: DataPlane): RequestHandler<ModelPath> {
  return (request, response) => {
    const endpoint = findEndpoint(contextOf(response), request.params.endpoint);
    const { version } = request.params;
    if (version !== undefined) findVersion(endpoint, version);
    const known = version === undefined ? [...endpointVersions(endpoint).keys()] : [version];
    const name = endpoint.endpoint.key;
    const versions = known.length === 0 ? [''] : known;
    response.json(statistics.answer(versions.map((each) => ({ name, version: each }))));
  };
}

/** 200 while any of its targets would be asked, else 503. */
export function modelReadyRoute({ targets }: DataPlane): RequestHandler<ModelPath> {
  return (request, response) => {
    const endpoint = findEndpoint(contextOf(response), request.params.endpoint);
    const { target, twins } = placeOf(endpoint, request.params.version);
    const ready = [target, ...twins].some(({ key }) => !targets.breakers.isOpen(key));
    response.status(ready ? 200 : 503).json({ name: endpoint.endpoint.key, ready });
  };
}

async function describe({ targets }: DataPlane, request: Request<ModelPath>, response: Response) {
  const context = contextOf(response);
  const endpoint = findEndpoint(context, request.params.endpoint);
  const { version } = request.params;
  const { target, twins } = placeOf(endpoint, version);
  const name = endpoint.endpoint.key;
  if (target.kind === 'http')
    throw new Problem('wrong-target-kind', `endpoint "${name}" is a plain HTTP host, not a model`);
  const versions = version === undefined ? [...endpointVersions(endpoint).keys()] : [version];
  for (const candidate of [target, ...twins]) {
    const metadata = await targets.metadata(candidate, context.requestId);
    if (metadata !== null) return { ...metadata, name, versions };
  }
  throw new Problem('target-failed', `no target of endpoint "${name}" gives its metadata now`);
}

function placeOf(endpoint: CompiledEndpoint, version: string | undefined) {
  return version === undefined ? endpoint.defaultTarget : findVersion(endpoint, version);
}
