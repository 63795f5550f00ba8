import type { IncomingMessage, ServerResponse } from 'node:http';
import { inferBody, JSON_LENGTH_HEADER } from '../codecs/infer-body.ts';
import type { InferenceStatistics } from '../codecs/inference-statistics.ts';
import { type Decoded, errorBody } from '../codecs/input-problem.ts';
import { decodeInferRequest, type InferRequest } from '../codecs/open-inference.ts';
import { queueingParameters } from '../codecs/queueing-parameters.ts';
import { fromRawRequest } from '../codecs/raw-request.ts';
import type { Signature, Tensor } from '../codecs/tensor.ts';
import { validateAgainstSignature } from '../codecs/validate-against-signature.ts';
import { encodeInferResponse } from '../codecs/write-open-inference.ts';
import { readBytes } from '../http/read-bytes.ts';
import { sendInferBody } from '../http/send-infer-body.ts';
import type { ModelHost } from '../onnx/model-host.ts';
import { traceRun } from '../onnx/trace-run.ts';
import { exemplarOf } from '../tracing/exemplar-of.ts';
import type { TracedSpan } from '../tracing/traced-span.ts';
import { HttpError } from './http-error.ts';
import type { RunnerMetrics } from './metrics.ts';
import { type ModelPath, readyVersion } from './ready-version.ts';
import type { RepositoryWatcher } from './repository-watcher.ts';
import { requestSignal } from './request-signal.ts';

export interface InferRouteOptions {
  readonly host: ModelHost;
  readonly repository: RepositoryWatcher;
  readonly metrics: RunnerMetrics;
  readonly maxBodyBytes: number;
}

/** Answers one inference. Rejects with HttpError and ModelError. */
export type Infer = (
  request: IncomingMessage,
  response: ServerResponse,
  asked: ModelPath & { readonly span: TracedSpan | null },
) => Promise<void>;

/** `POST /v2/models/{model}[/versions/{version}]/infer`, with what Node has of a request and a response. */
export function inferRoute(
  { host, repository, metrics, maxBodyBytes }: InferRouteOptions,
  statistics: InferenceStatistics,
): Infer {
  return async (request, response, { span, ...asked }) => {
    const { model, version, state } = readyVersion(repository, asked);
    const decoded = await readRequest(request, maxBodyBytes, state.signature);
    if (!decoded.ok) throw new HttpError(400, errorBody(decoded.problems).error);
    const { id, inputs, outputs, binaryOutputs } = decoded.value;
    const problems = validateAgainstSignature(decoded.value, state.signature);
    if (problems.length > 0) throw new HttpError(400, errorBody(problems).error);
    const deadline = requestSignal(request, response);
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
        get signal() {
          return deadline.signal;
        },
        ...queueing,
        onRun: (run) => span !== null && traceRun(span, run),
      });
      succeeded = true;
    } finally {
      deadline.end();
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
}

async function readRequest(
  request: IncomingMessage,
  maxBytes: number,
  signature: Signature,
): Promise<Decoded<InferRequest>> {
  const received = await readBytes(request, maxBytes);
  if (!received.ok) {
    const { status, message } = REFUSALS[received.reason];
    throw new HttpError(status, message, { cause: received.cause });
  }
  const read = inferBody(received.bytes, request.headers[JSON_LENGTH_HEADER]);
  if (!read.ok) return read;
  const body = read.value.jsonBytes === 0 ? fromRawRequest(received.bytes, signature) : read;
  return body.ok ? decodeInferRequest(body.value) : body;
}

const REFUSALS = {
  'too-large': { status: 413, message: 'the body is too large (MAX_BODY_BYTES)' },
  unsupported: { status: 415, message: 'content-encoding must be gzip, deflate or none' },
  corrupt: { status: 400, message: 'the body is not what its content-encoding says' },
  'broken-off': { status: 400, message: 'the body ended before its time' },
} as const;
