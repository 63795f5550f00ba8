import { type Request, type Response, Router } from 'express';
import type { InferenceStatistics } from '../codecs/inference-statistics.ts';
import { modelConfig, modelMetadata } from '../codecs/model-metadata.ts';
import type { Infer } from './infer-route.ts';
import { type ModelPath, readyVersion, readyVersions } from './ready-version.ts';
import type { RepositoryWatcher } from './repository-watcher.ts';

export interface OpenInferenceOptions {
  readonly repository: RepositoryWatcher;
  readonly statistics: InferenceStatistics;
  readonly infer: Infer;
}

/** The model routes of the Open Inference Protocol v2, relative to `/v2`. */
export function openInferenceRoutes({ repository, statistics, infer }: OpenInferenceOptions): Router {
  const router = Router();

  const metadata = (request: Request<ModelPath>, response: Response) => {
    const { model, version, state } = readyVersion(repository, request.params);
    const versions = request.params.version === undefined ? readyVersions(repository, model) : [{ version }];
    response.json(
      modelMetadata({
        name: model,
        versions: versions.map((ready) => ready.version),
        signature: state.signature,
      }),
    );
  };
  const config = (request: Request<ModelPath>, response: Response) => {
    const { model, version, state } = readyVersion(repository, request.params);
    response.json(modelConfig({ name: model, versions: [version], signature: state.signature }));
  };
  const stats = (request: Request<ModelPath>, response: Response) => {
    const { model, version } = readyVersion(repository, request.params);
    const versions = request.params.version === undefined ? readyVersions(repository, model) : [{ version }];
    response.json(statistics.answer(versions.map((each) => ({ name: model, version: each.version }))));
  };
  const ready = (request: Request<ModelPath>, response: Response) => {
    const { model, version } = readyVersion(repository, request.params);
    response.json({ name: model, version, ready: true });
  };
  for (const path of ['/models/:model', '/models/:model/versions/:version']) {
    router.get(path, metadata);
    router.get(`${path}/config`, config);
    router.get(`${path}/stats`, stats);
    router.get(`${path}/ready`, ready);
    router.post(`${path}/infer`, (request: Request<ModelPath>, response) =>
      infer(request, response, { ...request.params, span: response.locals['span'] ?? null }),
    );
  }
  return router;
}
