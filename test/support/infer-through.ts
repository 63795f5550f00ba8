import { INFER_BODY } from './ranking-endpoint.ts';
import { type ApiAnswer, call, type TestGateway } from './test-gateway.ts';

/** Registers a target as the default of an endpoint of the same key, and answers how to ask it. */
export async function inferThrough(
  gateway: TestGateway,
  target: Readonly<Record<string, unknown>>,
): Promise<() => Promise<ApiAnswer>> {
  await gateway.register('/models', { key: 'ranker' });
  await gateway.register('/models/ranker/versions', {
    version: 'v1',
    sha256: 'a'.repeat(64),
    sizeBytes: 1,
    artifacts: ['s3://models/ranker'],
  });
  await gateway.register('/targets', { key: 'only', model: 'ranker', version: 'v1', ...target });
  await gateway.register('/endpoints', { key: 'only', defaultTarget: 'only' });
  const { secret } = await gateway.tenant('acme');
  return () =>
    call(`${gateway.url}/v2/models/only/infer`, {
      method: 'POST',
      headers: { 'x-api-key': secret },
      body: INFER_BODY,
    });
}
