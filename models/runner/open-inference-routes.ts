import express, { type Request, type Response, Router } from 'express';
import { inferBody, JSON_LENGTH_HEADER } from '../codecs/infer-body.ts';
import { InferenceStatistics } from '../codecs/inference-statistics.ts';
import { type Decoded, errorBody } from '../codecs/input-problem.ts';
import { modelConfig, modelMetadata } from '../codecs/model-metadata.ts';
import { decodeInferRequest, type InferRequest } from '../codecs/open-inference.ts';
import { queueingParameters } from '../codecs/queueing-parameters.ts';
import type { Tensor } from '../codecs/tensor.ts';
import { validateAgainstSignature } from '../codecs/validate-against-signature.ts';
import { encodeInferResponse } from '../codecs/write-open-inference.ts';
import { sendInferBody } from '../http/send-infer-body.ts';
import type { ModelHost, ModelState } from '../onnx/model-host.ts';
import { traceRun } from '../onnx/trace-run.ts';
import { exemplarOf } from '../tracing/exemplar-of.ts';
import type { TracedSpan } from '../tracing/traced-span.ts';
import { HttpError } from './http-error.ts';
import type { RunnerMetrics } from './metrics.ts';
import type { ListedVersion, RepositoryWatcher } from './repository-watcher.ts';
import { requestSignal } from './request-signal.ts';

export interface OpenInferenceOptions {
  readonly host: ModelHost;
  readonly repository: RepositoryWatcher;
  readonly metrics: RunnerMetrics;
  readonly maxBodyBytes: number;
}

type Ready = ListedVersion & { readonly state: ModelState & { readonly status: 'ready' } };
interface ModelPath {
  readonly model: string;
  readonly version?: string;
}

/** The model routes of the Open Inference Protocol v2, relative to `/v2`. */
export function openInferenceRoutes({
  host,
  repository,
  metrics,
  maxBodyBytes,
}: OpenInferenceOptions): Router {
  const router = Router();
  const statistics = new InferenceStatistics();
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
  const infer = async (request: Request<ModelPath>, response: Response) => {
    const { model, version, state } = readyVersion(repository, request.params);
    const decoded = decodeRequest(request);
    if (!decoded.ok) throw new HttpError(400, errorBody(decoded.problems).error);
    const { id, inputs, outputs, binaryOutputs } = decoded.value;
    const problems = validateAgainstSignature(decoded.value, state.signature);
    if (problems.length > 0) throw new HttpError(400, errorBody(problems).error);
    const span = (response.locals['span'] as TracedSpan | undefined) ?? null;
    using deadline = requestSignal(request, response);
    const startedAt = performance.now();
    let succeeded = false;
    let answer: readonly Tensor[];
    try {
      const queueing = queueingParameters(decoded.value);
      answer = await host.infer({
        model,
        version,
        inputs,
        outputs,
        signal: deadline.signal,
        ...queueing,
        onRun: (run) => span !== null && traceRun(span, run),
      });
      succeeded = true;
    } finally {
      const elapsedMs = performance.now() - startedAt;
      const labels = { model, version };
      if (succeeded) {
        const value = elapsedMs / 1_000;
        metrics.inferenceSeconds.observe({ labels, value, exemplarLabels: exemplarOf(span) });
      }
      statistics.record({ name: model, version, succeeded, elapsedMs, atMs: Date.now() });
    }
    const encoded = encodeInferResponse(
      { modelName: model, modelVersion: version, ...(id !== undefined && { id }), outputs: answer },
      binaryOutputs,
    );
    if (!encoded.ok) throw new HttpError(500, `${model}/${version}: ${errorBody(encoded.problems).error}`);
    await sendInferBody(request, response, encoded.value);
  };

  for (const path of ['/models/:model', '/models/:model/versions/:version']) {
    router.get(path, metadata);
    router.get(`${path}/config`, config);
    router.get(`${path}/stats`, stats);
    router.get(`${path}/ready`, ready);
    router.post(`${path}/infer`, body, infer);
  }
  return router;
}

function decodeRequest({ body, headers }: Request<ModelPath>): Decoded<InferRequest> {
  const read = inferBody(Buffer.isBuffer(body) ? body : Buffer.alloc(0), headers[JSON_LENGTH_HEADER]);
  return read.ok ? decodeInferRequest(read.value) : read;
}

function readyVersions(repository: RepositoryWatcher, model: string): readonly Ready[] {
  return repository.versionsOf(model).filter((listed): listed is Ready => listed.state?.status === 'ready');
}

/** The version asked for, or the newest one that is ready. Throws HttpError 404 or 503. */
function readyVersion(repository: RepositoryWatcher, { model, version }: ModelPath): Ready {
  const listed = repository
    .versionsOf(model)
    .filter((candidate) => version === undefined || candidate.version === version);
  const ready = listed.findLast((candidate): candidate is Ready => candidate.state?.status === 'ready');
  if (ready !== undefined) return ready;
  const asked = JSON.stringify(version === undefined ? model : `${model}/${version}`.slice(0, 160));
  const newest = listed.at(-1);
  if (newest === undefined) throw new HttpError(404, `model ${asked} is unknown here`);
  const { state } = newest;
  const reason = state?.status === 'failed' ? `failed (${state.error.code})` : (state?.status ?? 'unloaded');
  throw new HttpError(503, `model ${asked} is not ready: ${reason}`);
}
