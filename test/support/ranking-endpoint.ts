import type { AdminClient } from './test-gateway.ts';

/** Registers model `ranker` v1 and v2, each in both clouds, and endpoint `ranking` on v1 in AWS. */
export async function registerRanking(
  gateway: AdminClient,
  {
    aws,
    gcp,
    endpoint = {},
  }: { readonly aws: string; readonly gcp: string; readonly endpoint?: Record<string, unknown> },
): Promise<void> {
  await gateway.register('/models', { key: 'ranker' });
  for (const version of ['v1', 'v2']) {
    await gateway.register('/models/ranker/versions', {
      version,
      sha256: (version === 'v1' ? 'a' : 'b').repeat(64),
      sizeBytes: 1_000,
      artifacts: [`s3://models/ranker/${version}.onnx`],
    });
    for (const [cloud, url] of [
      ['aws', aws],
      ['gcp', gcp],
    ] as const) {
      await gateway.register('/targets', {
        key: `ranker-${version}-${cloud}`,
        kind: 'oip',
        model: 'ranker',
        version,
        cloud,
        region: cloud === 'aws' ? 'eu-central-1' : 'europe-west3',
        url,
      });
    }
  }
  await gateway.register('/endpoints', { key: 'ranking', defaultTarget: 'ranker-v1-aws', ...endpoint });
}

/** An experiment over `ranking`: control v1 in AWS, treatment v2 in GCP. */
export const rankingExperiment = (fields: Record<string, unknown> = {}) => ({
  key: 'ranker-v2',
  endpoint: 'ranking',
  unit: 'user',
  variants: [
    { key: 'control', weight: 5_000, target: 'ranker-v1-aws' },
    { key: 'treatment', weight: 5_000, target: 'ranker-v2-gcp' },
  ],
  ...fields,
});

/** A minimal inference request. */
export const INFER_BODY = JSON.stringify({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }],
});
