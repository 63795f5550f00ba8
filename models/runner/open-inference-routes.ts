import express, { type Request, type Response, Router } from 'express';
import { errorBody } from '../codecs/input-problem.ts';
import { decodeInferRequest, encodeInferResponse, modelMetadata } from '../codecs/open-inference.ts';
import { validateAgainstSignature } from '../codecs/validate-against-signature.ts';
import type { ModelHost, ModelState } from '../onnx/model-host.ts';
import { HttpError } from './http-error.ts';
import type { RunnerMetrics } from './metrics.ts';
import type { RepositoryVersion, RepositoryWatcher } from './repository-watcher.ts';
import { requestSignal } from './request-signal.ts';

export interface OpenInferenceOptions {
  readonly host: ModelHost;
  readonly repository: RepositoryWatcher;
  readonly metrics: RunnerMetrics;
  readonly maxBodyBytes: number;
}

type Ready = RepositoryVersion & { readonly state: ModelState & { readonly status: 'ready' } };
interface ModelPath {
  readonly model: string;
  readonly version?: string;
}

/** The model routes of the Open Inference Protocol v2, JSON form, relative to `/v2`. */
export function openInferenceRoutes({
  host,
  repository,
  metrics,
  maxBodyBytes,
}: OpenInferenceOptions): Router {
  const router = Router();
  const body = express.raw({ type: () => true, limit: maxBodyBytes });

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
  const ready = (request: Request<ModelPath>, response: Response) => {
    const { model, version } = readyVersion(repository, request.params);
    response.json({ name: model, version, ready: true });
  };
  const infer = async (request: Request<ModelPath>, response: Response) => {
    const { model, version, state } = readyVersion(repository, request.params);
    const decoded = decodeInferRequest(Buffer.isBuffer(request.body) ? request.body : '');
    if (!decoded.ok) throw new HttpError(400, errorBody(decoded.problems).error);
    const { id, inputs, outputs } = decoded.value;
    const problems = validateAgainstSignature(decoded.value, state.signature);
    if (problems.length > 0) throw new HttpError(400, errorBody(problems).error);
    using deadline = requestSignal(request, response);
    const stopTimer = metrics.inferenceSeconds.startTimer({ model, version });
    const answer = await host.infer({ model, version, inputs, outputs, signal: deadline.signal });
    stopTimer();
    const encoded = encodeInferResponse({
      modelName: model,
      modelVersion: version,
      ...(id !== undefined && { id }),
      outputs: answer,
    });
    if (!encoded.ok) throw new HttpError(500, `${model}/${version}: ${errorBody(encoded.problems).error}`);
    response.type('application/json').send(encoded.value);
  };

  for (const path of ['/models/:model', '/models/:model/versions/:version']) {
    router.get(path, metadata);
    router.get(`${path}/ready`, ready);
    router.post(`${path}/infer`, body, infer);
  }
  return router;
}

function readyVersions(repository: RepositoryWatcher, model: string): readonly Ready[] {
  return repository.versionsOf(model).filter((version): version is Ready => version.state.status === 'ready');
}

/** The version asked for, or the newest one that is ready. Throws HttpError 404 or 503. */
function readyVersion(repository: RepositoryWatcher, { model, version }: ModelPath): Ready {
  const listed = repository
    .versionsOf(model)
    .filter((candidate) => version === undefined || candidate.version === version);
  const ready = listed.findLast((candidate): candidate is Ready => candidate.state.status === 'ready');
  if (ready !== undefined) return ready;
  const asked = JSON.stringify(version === undefined ? model : `${model}/${version}`.slice(0, 160));
  const newest = listed.at(-1)?.state;
  if (newest === undefined) throw new HttpError(404, `model ${asked} is unknown here`);
  const reason = newest.status === 'failed' ? `failed (${newest.error.code})` : newest.status;
  throw new HttpError(503, `model ${asked} is not ready: ${reason}`);
}
