import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { TRITON_PYTHON, whyNoTritonClient } from '../support/tritonclient.ts';

const missing = whyNoTritonClient();
const repository = JSON.parse(readFileSync('models/samples/repository.json', 'utf8'));

/** A tenant's backend in Python ranks two films; what the client understood comes back as JSON. */
const SCRIPT = `
import json, sys
import numpy as np
import tritonclient.http as http
from tritonclient.utils import InferenceServerException

client = http.InferenceServerClient(url=sys.argv[1], concurrency=4)
key = {'x-api-key': sys.argv[2]}
texts = ['genre', 'mpaa', 'source', 'creative_type', 'distributor', 'director']
numbers = ['running_time_min', 'budget_usd', 'release_year', 'release_month']

def infer(user, numbers=numbers, binary=False, **options):
    inputs = []
    for name in texts + numbers:
        array = np.array(['Drama', ''], dtype=object) if name in texts else np.array([-1, 120], dtype=np.float32)
        given = http.InferInput(name, [2], 'BYTES' if name in texts else 'FP32')
        given.set_data_from_numpy(array, binary_data=binary)
        inputs.append(given)
    wanted = [http.InferRequestedOutput('score', binary_data=binary)]
    headers = {**key, 'x-switchyard-unit': user}
    if options.pop('concurrently', False):
        pending = [client.async_infer('movie-ranking', inputs, outputs=wanted, headers=headers) for _ in range(8)]
        return [each.get_result().as_numpy('score').tolist() for each in pending]
    result = client.infer('movie-ranking', inputs, outputs=wanted, headers=headers, request_id='7', **options)
    return {'scores': result.as_numpy('score').tolist(), 'id': result.get_response()['id'], 'version': result.get_response()['model_version']}

def refusal(act):
    try:
        act()
    except InferenceServerException as error:
        return [error.status(), error.message()]

print(json.dumps({
    'live': client.is_server_live(),
    'ready': client.is_server_ready(),
    'modelReady': client.is_model_ready('movie-ranking', headers=key),
    'server': client.get_server_metadata(),
    'model': client.get_model_metadata('movie-ranking', headers=key),
    'config': client.get_model_config('movie-ranking', headers=key),
    'index': client.get_model_repository_index(headers=key),
    'same': [infer('user-1')] + [infer('user-1', binary=binary, request_compression_algorithm=coding,
        response_compression_algorithm=coding) for coding in (None, 'gzip', 'deflate') for binary in (True, False)],
    'concurrent': infer('user-1', binary=True, concurrently=True),
    'second': infer('user-1', model_version='v2'),
    'stats': client.get_inference_statistics('movie-ranking', headers=key),
    'users': [infer('user-%d' % index) for index in range(20)],
    'lacking': refusal(lambda: infer('user', [])),
    'noKey': refusal(lambda: client.get_model_metadata('movie-ranking')),
}))
`;

describe.skipIf(missing !== null)(
  `tritonclient against the gateway${missing === null ? '' : ` (skipped: ${missing})`}`,
  () => {
    let gateway: TestGateway;
    let secret: string;

    beforeAll(async () => {
      gateway = await startTestGateway();
      await gateway.register('/models', { key: 'movie-ranker' });
      for (const { version, artifact, sha256, sizeBytes } of repository.models) {
        const artifacts = [pathToFileURL(`models/samples/${artifact}`).href];
        await gateway.register('/models/movie-ranker/versions', { version, sha256, sizeBytes, artifacts });
        const target = {
          key: version,
          kind: 'onnx',
          model: 'movie-ranker',
          version,
          cloud: 'local',
          region: 'here',
        };
        await gateway.register('/targets', target);
      }
      await gateway.register('/endpoints', { key: 'movie-ranking', defaultTarget: 'v1' });
      const variants = ['v1', 'v2'].map((target) => ({ key: target, weight: 5_000, target }));
      await gateway.register('/experiments', { key: 'e', endpoint: 'movie-ranking', unit: 'user', variants });
      await gateway.register('/experiments/e/start', {});
      ({ secret } = await gateway.tenant('acme'));
    });

    afterAll(() => gateway.stop());

    it('is understood, and gets the scores of the variant that its user is in', async () => {
      const { host } = new URL(gateway.url);
      const { stdout } = await promisify(execFile)(TRITON_PYTHON, ['-c', SCRIPT, host, secret]);
      const seen = JSON.parse(stdout);
      expect(seen).toMatchObject({
        live: true,
        ready: true,
        modelReady: true,
        server: { name: 'switchyard' },
      });
      expect(seen.model).toMatchObject({
        name: 'movie-ranking',
        versions: ['v1', 'v2'],
        outputs: [{ name: 'score' }],
      });
      expect(seen.config.input).toHaveLength(10);
      expect(seen.index).toContainEqual(expect.objectContaining({ name: 'movie-ranking', state: 'READY' }));
      for (const { scores } of seen.same) expect(scores).toEqual(seen.same[0].scores);
      expect(seen.concurrent).toEqual(Array(8).fill(seen.same[0].scores));
      expect(seen.second.version).toBe('v2');
      expect(seen.stats.model_stats[1]).toMatchObject({ version: 'v2' });
      expect(seen.stats.model_stats[1].inference_count).toBeGreaterThan(0);
      const versions = new Map<string, string>();
      for (const { id, version, scores } of seen.users) {
        expect(id).toBe('7');
        versions.set(version, JSON.stringify(scores));
        expect(JSON.stringify(scores)).toBe(versions.get(version));
      }
      expect(versions.size).toBe(2);
      expect(new Set(versions.values()).size).toBe(2);
      expect(seen.lacking).toEqual(['400', expect.stringContaining('running_time_min')]);
      expect(seen.noKey[0]).toBe('401');
    });
  },
);
