import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import onnxProto from 'onnx-proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identityModel, linearModel } from '../support/onnx-models.ts';
import { RunnerProcess, TestRepository } from '../support/runner-process.ts';
import { TRITON_PYTHON, whyNoTritonClient } from '../support/tritonclient.ts';

const { DataType } = onnxProto.onnx.TensorProto;
const missing = whyNoTritonClient();

/** NVIDIA's client does what its documentation shows; what it understood comes back as JSON. */
const SCRIPT = `
import json, sys
import numpy as np
import tritonclient.http as http
from tritonclient.utils import InferenceServerException

client = http.InferenceServerClient(url=sys.argv[1])

def infer(model, array, datatype, version=''):
    given = http.InferInput('features' if model == 'ranker' else 'x', list(array.shape), datatype)
    given.set_data_from_numpy(array, binary_data=False)
    output = 'scores' if model == 'ranker' else 'y'
    wanted = [http.InferRequestedOutput(output, binary_data=False)]
    result = client.infer(model, [given], outputs=wanted, model_version=version, request_id='7')
    answer = result.get_response()
    return {'data': result.as_numpy(output).tolist(), 'version': answer['model_version'], 'id': answer['id']}

def refusal(act):
    try:
        act()
    except InferenceServerException as error:
        return [error.status(), error.message()]

print(json.dumps({
    'live': client.is_server_live(),
    'ready': client.is_server_ready(),
    'modelReady': client.is_model_ready('ranker'),
    'otherReady': client.is_model_ready('nobody'),
    'server': client.get_server_metadata(),
    'model': client.get_model_metadata('ranker'),
    'scores': infer('ranker', np.array([[1, 1], [0, 3]], dtype=np.float32), 'FP32'),
    'first': infer('ranker', np.array([[1, 1]], dtype=np.float32), 'FP32', '1'),
    'long': str(infer('long', np.array([9007199254740993, -2**63], dtype=np.int64), 'INT64')['data']),
    'text': infer('text', np.array(['é', ''], dtype=object), 'BYTES')['data'],
    'flags': infer('flags', np.array([True, False]), 'BOOL')['data'],
    'unknown': refusal(lambda: infer('nobody', np.zeros((1,), dtype=np.float32), 'FP32')),
    'shape': refusal(lambda: infer('ranker', np.zeros((1, 3), dtype=np.float32), 'FP32')),
}, default=lambda value: value.decode()))
`;

describe.skipIf(missing !== null)(
  `tritonclient against a runner${missing === null ? '' : ` (skipped: ${missing})`}`,
  () => {
    let cache: string;
    let repository: TestRepository;
    let runner: RunnerProcess;
    beforeAll(async () => {
      cache = await mkdtemp(join(tmpdir(), 'runner-cache-'));
      repository = await TestRepository.create([
        { model: 'ranker', version: '1', bytes: linearModel([1, 10]) },
        { model: 'ranker', version: '2', bytes: linearModel([2, 20]) },
        { model: 'long', version: '1', bytes: identityModel(DataType.INT64) },
        { model: 'text', version: '1', bytes: identityModel(DataType.STRING) },
        { model: 'flags', version: '1', bytes: identityModel(DataType.BOOL) },
      ]);
      runner = await RunnerProcess.ready({ MODEL_REPOSITORY: repository.uri, CACHE_DIR: cache });
    });
    afterAll(async () => {
      await runner.stop();
      await repository.remove();
      await rm(cache, { recursive: true, force: true });
    });

    it('understands health, metadata, inference and errors', async () => {
      const { stdout } = await promisify(execFile)(TRITON_PYTHON, ['-c', SCRIPT, new URL(runner.url).host]);
      expect(JSON.parse(stdout)).toMatchObject({
        live: true,
        ready: true,
        modelReady: true,
        otherReady: false,
        server: { name: 'switchyard-runner' },
        model: {
          name: 'ranker',
          versions: ['1', '2'],
          inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, 2] }],
        },
        scores: { data: [22, 60], version: '2', id: '7' },
        first: { data: [11], version: '1' },
        long: '[9007199254740993, -9223372036854775808]',
        text: ['é', ''],
        flags: [true, false],
        unknown: ['404', expect.stringContaining('unknown')],
        shape: ['400', expect.stringContaining('expects shape [-1, 2]')],
      });
    });
  },
);
