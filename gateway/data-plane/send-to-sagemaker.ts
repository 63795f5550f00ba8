import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Dispatcher } from 'undici';
import { payloadParts, StreamFailure } from '../../models/codecs/event-stream.ts';
import { outcomeOf } from '../targets/answer-outcome.ts';
import { attemptFailed } from '../targets/attempt-outcome.ts';
import type { SageMakerTarget } from '../targets/sagemaker-stream.ts';
import type { DataPlane } from './data-plane.ts';
import { begun, type Passage, type PassageCall, Refused } from './passage.ts';
import { endInTime, type Listener, type Send } from './send-passage.ts';

type SageMakerCall = PassageCall<SageMakerTarget>;

/**
 * Sends passages to SageMaker endpoints and passes on what their models stream, unwrapped from AWS's event stream. A
 * model that gives up before its first part has refused; one that gives up later ends the connection, so that nobody
 * takes the answer for whole.
 */
export function sageMakerSenderOf(plane: DataPlane, failed: Listener): Send<SageMakerTarget> {
  return {
    begin(passage, call) {
      exchange(plane, passage, call).catch((error: unknown) => failed(passage, call, error));
    },
    outOfTime: endInTime(failed),
  };
}

async function exchange(plane: DataPlane, passage: Passage, call: SageMakerCall): Promise<void> {
  const { headers, context, response } = passage;
  const abort = new AbortController();
  call.abort = (reason) => abort.abort(reason);
  const answer = await plane.targets.sageMakerStream(call.target, {
    body: passage.body ?? Buffer.alloc(0),
    signal: abort.signal,
    requestId: context.requestId,
    contentType: headers['content-type'] ?? 'application/json',
    accept: headers.accept ?? '*/*',
    customAttributes: single(headers['x-amzn-sagemaker-custom-attributes']),
  });
  if (answer.statusCode >= 300) throw await refusalOf(answer);
  const parts = payloadParts(answer.body);
  const first = await firstOf(parts);
  const exposed = begun(plane, passage, call, 200);
  response.setHeader('content-type', contentTypeOf(answer.headers));
  await exposed;
  const all = async function* () {
    if (!first.done) yield first.value;
    yield* parts;
  };
  await pipeline(Readable.from(all(), { objectMode: false }), response);
}

/** The exposure is written when the first part is there: until then the model may give up. */
async function firstOf(parts: AsyncGenerator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
  try {
    return await parts.next();
  } catch (error) {
    if (!(error instanceof StreamFailure)) throw error;
    throw new Refused(attemptFailed('failed', `${error.kind}: ${error.message}`));
  }
}

/** What SageMaker, or the model through it, says instead of an answer. */
async function refusalOf({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<Refused> {
  const bytes = Buffer.from(await body.arrayBuffer());
  const outcome = outcomeOf({ status: statusCode, headers, body: bytes });
  const isRefusal = outcome.kind === 'failed' || outcome.kind === 'rejected';
  return new Refused(isRefusal ? outcome : attemptFailed('bad-answer', `status ${statusCode}`));
}

const contentTypeOf = (headers: IncomingHttpHeaders) =>
  single(headers['x-amzn-sagemaker-content-type']) ?? 'application/octet-stream';
const single = (header: string | string[] | undefined) => (typeof header === 'string' ? header : undefined);
