import type { Dispatcher } from 'undici';
import type { Target } from '../../models/catalogue/target.ts';
import type { AwsCredentials } from './credentials/aws-credentials.ts';
import { sageMakerStreamUrl } from './remote-model.ts';

export type SageMakerTarget = Target & { readonly kind: 'sagemaker' };

/** What SageMaker passes on to the model beside the body; every other header it drops. */
export interface StreamRequest {
  readonly body: Buffer;
  readonly contentType: string;
  readonly accept: string;
  readonly customAttributes: string | undefined;
  readonly requestId: string;
  readonly signal: AbortSignal;
}

/**
 * Asks a SageMaker endpoint for its answer as a stream (InvokeEndpointWithResponseStream), and resolves when its headers
 * are there. Rejects with the network's error, or where there are no credentials.
 */
export async function sageMakerStream(
  target: SageMakerTarget,
  request: StreamRequest,
  { aws, dispatcher }: { readonly aws: AwsCredentials; readonly dispatcher: Dispatcher },
): Promise<Dispatcher.ResponseData> {
  const url = sageMakerStreamUrl(target);
  const { body, signal } = request;
  const headers = await aws.sign({
    method: 'POST',
    url,
    region: target.region,
    service: 'sagemaker',
    headers: headersOf(target, request),
    body,
  });
  return dispatcher.request({
    origin: url.origin,
    path: url.pathname,
    method: 'POST',
    headers,
    body,
    signal,
  });
}

function headersOf(
  { targetVariant }: SageMakerTarget,
  { contentType, accept, customAttributes, requestId }: StreamRequest,
): Record<string, string> {
  return {
    'content-type': contentType,
    'x-amzn-sagemaker-accept': accept,
    'x-amzn-sagemaker-inference-id': requestId,
    ...(targetVariant === undefined ? {} : { 'x-amzn-sagemaker-target-variant': targetVariant }),
    ...(customAttributes === undefined ? {} : { 'x-amzn-sagemaker-custom-attributes': customAttributes }),
  };
}
