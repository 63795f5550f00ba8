import express, { type RequestHandler, Router } from 'express';
import { isObject } from '../codecs/decode-tensor.ts';
import { HttpError } from './http-error.ts';
import type { ListedVersion, RepositoryWatcher } from './repository-watcher.ts';

/** `{"ready": true}`, or the parameters that other servers know. */
const MAX_BODY_BYTES = 65_536;

const STATES = { ready: 'READY', loading: 'LOADING', failed: 'UNAVAILABLE' } as const;

export interface RepositoryRoutesOptions {
  readonly repository: RepositoryWatcher;
  /** Loading and unloading need a key: without one, everybody on this machine could take models away. */
  readonly hasKey: boolean;
}

/**
 * Index, load and unload, relative to `/v2/repository`. A load takes the repository as it is listed: models and
 * files in the request are refused. Source: Triton, "Model Repository Extension".
 */
export function repositoryRoutes({ repository, hasKey }: RepositoryRoutesOptions): Router {
  const router = Router();
  router.use(express.json({ limit: MAX_BODY_BYTES, type: () => true }));

  router.post('/index', (request, response) => {
    const entries = repository.versions().map(entryOf);
    const onlyReady = isObject(request.body) && request.body['ready'] === true;
    response.json(onlyReady ? entries.filter(({ state }) => state === 'READY') : entries);
  });

  const needsKey: RequestHandler = (_request, _response, next) => {
    if (hasKey) return next();
    throw new HttpError(403, 'set RUNNER_API_KEY to load and unload models by hand');
  };
  router.post('/models/:model/load', needsKey, async (request, response) => {
    const { model } = request.params;
    if (isObject(request.body) && isObject(request.body['parameters']))
      throw new HttpError(400, 'a model is loaded as repository.json lists it: leave "parameters" out');
    await repository.load(known(repository, String(model)));
    const failed = repository
      .versions()
      .filter((listed) => listed.model === model)
      .find(isFailed);
    if (failed !== undefined)
      throw new HttpError(400, `${model}/${failed.version}: ${entryOf(failed).reason}`);
    response.end();
  });
  router.post('/models/:model/unload', needsKey, async (request, response) => {
    await repository.unload(known(repository, String(request.params.model)));
    response.end();
  });
  return router;
}

const isFailed = ({ state }: ListedVersion) => state?.status === 'failed';

function known(repository: RepositoryWatcher, model: string): string {
  if (repository.versions().some((listed) => listed.model === model)) return model;
  throw new HttpError(404, `model ${JSON.stringify(model.slice(0, 100))} is not in the repository`);
}

function entryOf({ model, version, state }: ListedVersion) {
  const name = { name: model, version };
  if (state === undefined) return { ...name, state: 'UNAVAILABLE', reason: 'unloaded' };
  const reason = state.status === 'failed' ? `${state.error.code}: ${state.error.message}` : '';
  return { ...name, state: STATES[state.status], reason };
}
