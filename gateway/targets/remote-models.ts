import { type InferBody, JSON_LENGTH_HEADER } from '../../models/codecs/infer-body.ts';
import { errorBody } from '../../models/codecs/input-problem.ts';
import { answerOf, instancesOf } from '../../models/codecs/instances.ts';
import { outcomeOf, outcomeOfError } from './answer-outcome.ts';
import { type AttemptOutcome, attemptFailed, endedBy } from './attempt-outcome.ts';
import type { Cancellation } from './cancellation.ts';
import {
  type CredentialHeaders,
  serviceOf,
  type TargetCredentials,
} from './credentials/target-credentials.ts';
import { exchange, MAX_ANSWER_BYTES } from './exchange.ts';
import type { InferenceCall } from './inference-call.ts';
import { type RemoteModel, type RemoteTarget, remoteModel } from './remote-model.ts';
import { TargetAgents } from './target-agents.ts';

export interface AskOptions {
  readonly cancellation: Cancellation;
  readonly timeoutMs: number;
}

interface Asked {
  readonly body: Buffer;
  readonly headers: Record<string, string>;
}

/** Asks models over the network: connections, credentials and the words of each kind of target. */
export class RemoteModels {
  readonly #credentials: TargetCredentials;
  readonly #agents: TargetAgents;
  /** Made once per target object; a new snapshot brings new objects. */
  readonly #models = new WeakMap<RemoteTarget, RemoteModel>();

  constructor(credentials: TargetCredentials, environment: ReadonlyMap<string, string>) {
    this.#credentials = credentials;
    // The attempt's own cancellation is the only clock.
    this.#agents = new TargetAgents(() => environment, { maxResponseSize: MAX_ANSWER_BYTES, bodyTimeout: 0 });
  }

  /**
   * One inference. A body in the target's own words travels byte for byte, so no number in it is ever rewritten.
   * Never throws for what the network or the server does. Redirects are not followed.
   */
  ask(target: RemoteTarget, call: InferenceCall, options: AskOptions): Promise<AttemptOutcome> {
    const sending = { ...options, model: this.#modelOf(target), call, body: call.body };
    return sending.model.format === 'oip'
      ? this.#send(target, sending)
      : this.#askInInstances(target, sending);
  }

  async #askInInstances(target: RemoteTarget, sending: AskOptions & Sending): Promise<AttemptOutcome> {
    const { call } = sending;
    if (call.body.jsonBytes !== null) {
      return {
        kind: 'rejected',
        message: 'this target takes instances in JSON: send tensors without binary data',
      };
    }
    const instances = instancesOf(call.body.bytes);
    if (!instances.ok) return { kind: 'rejected', message: errorBody(instances.problems).error };
    const { id } = instances.value;
    const body = { bytes: Buffer.from(instances.value.body), jsonBytes: null };
    const outcome = await this.#send(target, { ...sending, body });
    if (outcome.kind !== 'answered') return outcome;
    const names = { modelName: target.model, modelVersion: target.version, id };
    const answer = answerOf(outcome.body.bytes, names);
    return answer.ok
      ? { kind: 'answered', body: { bytes: Buffer.from(answer.value), jsonBytes: null } }
      : attemptFailed('bad-answer', errorBody(answer.problems).error);
  }

  /** The server's own metadata of the model; null when it gives none. */
  async metadata(target: RemoteTarget, requestId: string, cancellation: Cancellation) {
    const { origin, metadataPath } = this.#modelOf(target);
    if (metadataPath === null) return null;
    try {
      const headers = await this.#metadataHeaders(target, requestId, new URL(metadataPath, origin));
      const request = { origin, path: metadataPath, headers, body: null, cancellation };
      const { status, body } = await exchange(this.#agents.of(target), { ...request, method: 'GET' });
      const parsed: unknown = JSON.parse(body.toString('utf8'));
      const found = status === 200 && typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
      return found ? (parsed as Record<string, unknown>) : null;
    } catch {
      // Unreachable, too slow or no JSON: for whoever asks, there is no metadata.
      return null;
    }
  }

  async #metadataHeaders(target: RemoteTarget, requestId: string, url: URL): Promise<Record<string, string>> {
    const headers = { 'x-request-id': requestId };
    const service = serviceOf(target);
    if (service === null) return { ...headers, ...(await this.#credentials.headersFor(target)) };
    const { region } = target;
    return this.#credentials.aws.sign({ method: 'GET', url, region, service, headers, body: null });
  }

  async close(): Promise<void> {
    await this.#agents.close();
  }

  async #send(
    target: RemoteTarget,
    { model, call, body, cancellation, timeoutMs }: AskOptions & Sending,
  ): Promise<AttemptOutcome> {
    let asked: Asked;
    try {
      const prepared = this.#prepare(target, { model, call, body, timeoutMs });
      asked = prepared instanceof Promise ? await unlessCancelled(prepared, cancellation) : prepared;
    } catch (error) {
      if (cancellation.reason !== null) return endedBy(cancellation);
      return attemptFailed('no-credentials', error instanceof Error ? error.message : String(error), true);
    }
    try {
      const { origin, path } = model;
      const { firstByteTimeoutMs } = target;
      const request = { ...asked, origin, path, method: 'POST', cancellation, firstByteTimeoutMs } as const;
      return outcomeOf(await exchange(this.#agents.of(target), request));
    } catch (error) {
      return outcomeOfError(error, cancellation);
    }
  }

  #prepare(target: RemoteTarget, sending: Sending & { readonly timeoutMs: number }): Asked | Promise<Asked> {
    const { body } = sending;
    const service = serviceOf(target);
    if (service !== null) return this.#sign(target, service, sending);
    const headers = headersOf(sending);
    const credentials = this.#credentials.headersFor(target);
    const withThem = (found: CredentialHeaders) => ({
      body: body.bytes,
      headers: Object.assign(headers, found),
    });
    return credentials instanceof Promise ? credentials.then(withThem) : withThem(credentials);
  }

  async #sign(
    target: RemoteTarget,
    service: 'sagemaker' | 'execute-api',
    sending: Sending & { readonly timeoutMs: number },
  ): Promise<Asked> {
    const { model, body } = sending;
    const headers = await this.#credentials.aws.sign({
      method: 'POST',
      url: new URL(model.path, model.origin),
      region: target.region,
      service,
      headers: target.kind === 'sagemaker' ? sageMakerHeaders(target, sending) : headersOf(sending),
      body: body.bytes,
    });
    return { body: body.bytes, headers };
  }

  #modelOf(target: RemoteTarget): RemoteModel {
    const known = this.#models.get(target);
    if (known !== undefined) return known;
    const made = remoteModel(target);
    this.#models.set(target, made);
    return made;
  }
}

interface Sending {
  readonly model: RemoteModel;
  readonly call: InferenceCall;
  readonly body: InferBody;
}

/** SageMaker passes on these headers and drops every other one (API reference, InvokeEndpoint). */
function sageMakerHeaders(
  { targetVariant }: RemoteTarget & { readonly kind: 'sagemaker' },
  { call, body }: Sending,
): Record<string, string> {
  return {
    'content-type': contentTypeOf(body),
    accept: 'application/json',
    'x-amzn-sagemaker-inference-id': call.requestId,
    ...(targetVariant === undefined ? {} : { 'x-amzn-sagemaker-target-variant': targetVariant }),
  };
}

function headersOf({
  call,
  body,
  timeoutMs,
}: Sending & { readonly timeoutMs: number }): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': body.jsonBytes === null ? 'application/json' : 'application/octet-stream',
    'x-request-id': call.requestId,
    'x-request-timeout-ms': String(Math.ceil(timeoutMs)),
  };
  if (body.jsonBytes !== null) headers[JSON_LENGTH_HEADER] = String(body.jsonBytes);
  if (call.traceparent !== null) headers['traceparent'] = call.traceparent;
  if (call.tracestate !== null) headers['tracestate'] = call.tracestate;
  return headers;
}

/** A cloud that is slow with its tokens takes no more than the attempt's time. */
async function unlessCancelled<T>(work: Promise<T>, cancellation: Cancellation): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stopListening = cancellation.onCancel((reason) => reject(new Error(reason)));
  try {
    return await Promise.race([work, promise]);
  } finally {
    stopListening();
  }
}

/** On SageMaker, where no header of the protocol arrives, Triton reads the JSON's length in the media type. */
const contentTypeOf = ({ jsonBytes }: InferBody) =>
  jsonBytes === null
    ? 'application/json'
    : `application/vnd.sagemaker-triton.binary+json;json-header-size=${jsonBytes}`;
