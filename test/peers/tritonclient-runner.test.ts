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

client = http.InferenceServerClient(url=sys.argv[1], concurrency=4)

def inputs_of(model, array, datatype, binary):
    given = http.InferInput('features' if model == 'ranker' else 'x', list(array.shape), datatype)
    given.set_data_from_numpy(array, binary_data=binary)
    return [given]

def outputs_of(model, binary):
    return [http.InferRequestedOutput('scores' if model == 'ranker' else 'y', binary_data=binary)]

def read(result):
    answer = result.get_response()
    output = answer['outputs'][0]
    return {'data': result.as_numpy(output['name']).tolist(), 'version': answer['model_version'], 'id': answer['id'],
        'binary': 'data' not in output}

def infer(model, array, datatype, version='', binary=False, **options):
    return read(client.infer(model, inputs_of(model, array, datatype, binary), outputs=outputs_of(model, binary),
        model_version=version, request_id='7', **options))

def refusal(act):
    try:
        act()
    except InferenceServerException as error:
        return [error.status(), error.message()]

long = np.array([9007199254740993, -2**63], dtype=np.int64)
many = np.arange(2000, dtype=np.float32).reshape(1000, 2)
pending = [client.async_infer('ranker', inputs_of('ranker', np.array([[n, 0]], dtype=np.float32), 'FP32', True), request_id='7') for n in range(20)]

print(json.dumps({
    'live': client.is_server_live(),
    'ready': client.is_server_ready(),
    'modelReady': client.is_model_ready('ranker'),
    'otherReady': client.is_model_ready('nobody'),
    'server': client.get_server_metadata(),
    'model': client.get_model_metadata('ranker'),
    'config': client.get_model_config('ranker'),
    'index': client.get_model_repository_index(),
    'scores': infer('ranker', np.array([[1, 1], [0, 3]], dtype=np.float32), 'FP32'),
    'first': infer('ranker', np.array([[1, 1]], dtype=np.float32), 'FP32', '1'),
    'binary': infer('ranker', np.array([[1, 1], [0, 3]], dtype=np.float32), 'FP32', binary=True),
    'long': str(infer('long', long, 'INT64')['data']),
    'longBinary': str(infer('long', long, 'INT64', binary=True)['data']),
    'half': infer('half', np.array([1.5, -2], dtype=np.float16), 'FP16', binary=True),
    'text': infer('text', np.array(['é', ''], dtype=object), 'BYTES')['data'],
    'textBinary': infer('text', np.array(['é', ''], dtype=object), 'BYTES', binary=True),
    'flags': infer('flags', np.array([True, False]), 'BOOL')['data'],
    'flagsBinary': infer('flags', np.array([True, False]), 'BOOL', binary=True)['data'],
    'packed': [infer('ranker', many, 'FP32', binary=binary, request_compression_algorithm=coding,
        response_compression_algorithm=coding)['data'][-1] for coding in ('gzip', 'deflate') for binary in (True, False)],
    'async': [read(each.get_result())['data'] for each in pending],
    'unknown': refusal(lambda: infer('nobody', np.zeros((1,), dtype=np.float32), 'FP32')),
    'shape': refusal(lambda: infer('ranker', np.zeros((1, 3), dtype=np.float32), 'FP32', binary=True)),
    'stats': client.get_inference_statistics('ranker', '1'),
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
        { model: 'half', version: '1', bytes: identityModel(DataType.FLOAT16) },
        { model: 'flags', version: '1', bytes: identityModel(DataType.BOOL) },
      ]);
      runner = await RunnerProcess.ready({ MODEL_REPOSITORY: repository.uri, CACHE_DIR: cache });
    });
    afterAll(async () => {
      await runner.stop();
      await repository.remove();
      await rm(cache, { recursive: true, force: true });
    });

    it('understands health, metadata, binary, packed and concurrent inference, and errors', async () => {
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
        config: { name: 'ranker', input: [{ name: 'features', data_type: 'TYPE_FP32', dims: [-1, 2] }] },
        index: expect.arrayContaining([{ name: 'text', version: '1', state: 'READY', reason: '' }]),
        scores: { data: [22, 60], version: '2', id: '7', binary: false },
        first: { data: [11], version: '1' },
        binary: { data: [22, 60], version: '2', id: '7', binary: true },
        longBinary: '[9007199254740993, -9223372036854775808]',
        half: { data: [1.5, -2], binary: true },
        textBinary: { data: ['é', ''], binary: true },
        flagsBinary: [true, false],
        packed: Array(4).fill(1998 * 2 + 1999 * 20),
        async: Array.from({ length: 20 }, (_, n) => [2 * n]),
        stats: { model_stats: [{ name: 'ranker', version: '1', inference_count: 1 }] },
        long: '[9007199254740993, -9223372036854775808]',
        text: ['é', ''],
        flags: [true, false],
        unknown: ['404', expect.stringContaining('unknown')],
        shape: ['400', expect.stringContaining('expects shape [-1, 2]')],
      });
    });
  },
);
