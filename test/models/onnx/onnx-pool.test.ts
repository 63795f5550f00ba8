import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import onnxProto from 'onnx-proto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Tensor } from '../../../models/codecs/tensor.ts';
import { inspectModel } from '../../../models/onnx/inspect-model.ts';
import { OnnxPool, type OnnxPoolOptions } from '../../../models/onnx/onnx-pool.ts';
import { identityModel, linearModel, loopModel } from '../../support/onnx-models.ts';

const { DataType } = onnxProto.onnx.TensorProto;

let directory: string;
let pool: OnnxPool;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pool-'));
});
afterEach(async () => {
  await pool.close();
  await rm(directory, { recursive: true });
});

function open(options: Partial<OnnxPoolOptions> = {}): OnnxPool {
  pool = new OnnxPool({ workers: 1, ...options });
  return pool;
}

async function load(model: string, bytes: Uint8Array): Promise<void> {
  const path = join(directory, `${model}.onnx`);
  await writeFile(path, bytes);
  await pool.load({ model, version: 'v1', path, signature: inspectModel(bytes) });
}

const features = (...rows: number[][]): Tensor => ({
  name: 'features',
  datatype: 'FP32',
  shape: [rows.length, rows[0]?.length ?? 0],
  data: Float32Array.from(rows.flat()),
});
/** Keeps a worker busy for as long as `times` says. */
const busy = (times: bigint): Tensor[] => [
  { name: 'x', datatype: 'FP32', shape: [1], data: new Float32Array(1) },
  { name: 'times', datatype: 'INT64', shape: [], data: BigInt64Array.of(times) },
];
const A_WHILE = 100_000n;

describe('a pool of ONNX workers', () => {
  it('answers many requests at once, each with its own result', async () => {
    open({ workers: 2 });
    await load('ranker', linearModel([1, 10]));
    const asked = Array.from({ length: 200 }, (_, index) =>
      pool.infer({ model: 'ranker', version: 'v1', inputs: [features([index, 1], [0, index])] }),
    );
    const answers = await Promise.all(asked);
    expect(answers.map(([scores]) => [...(scores?.data ?? [])])).toEqual(
      Array.from({ length: 200 }, (_, index) => [index + 10, index * 10]),
    );
  });

  it('leaves the inputs to the caller, who may have to send them elsewhere', async () => {
    open();
    await load('ranker', linearModel([2]));
    const input = features([21]);
    await pool.infer({ model: 'ranker', version: 'v1', inputs: [input] });
    expect([...input.data]).toEqual([21]);
  });

  it.each([
    ['BYTES', DataType.STRING, ['', 'é😀', 'line\nbreak']],
    ['INT64', DataType.INT64, BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n)],
    ['FP16', DataType.FLOAT16, Uint16Array.of(0x3c00, 0xfbff)],
    ['BOOL', DataType.BOOL, Uint8Array.of(1, 0)],
  ] as const)('carries %s through a model unchanged', async (datatype, elemType, data) => {
    open();
    await load('echo', identityModel(elemType));
    const input = { name: 'x', datatype, shape: [data.length], data };
    const answer = await pool.infer({ model: 'echo', version: 'v1', inputs: [input] });
    expect(answer).toEqual([{ ...input, name: 'y' }]);
  });

  it('refuses text with a NUL, which the runtime would cut off there', async () => {
    open();
    await load('echo', identityModel(DataType.STRING));
    const input: Tensor = { name: 'x', datatype: 'BYTES', shape: [1], data: ['a\0b'] };
    await expect(pool.infer({ model: 'echo', version: 'v1', inputs: [input] })).rejects.toMatchObject({
      code: 'bad-input',
    });
  });

  it('refuses one request more than may wait, and goes on with the others', async () => {
    open({ queueLimit: 1 });
    await load('loop', loopModel('input'));
    const ask = () => pool.infer({ model: 'loop', version: 'v1', inputs: busy(A_WHILE) });
    const [running, waiting] = [ask(), ask()];
    await expect(ask()).rejects.toMatchObject({ code: 'overloaded' });
    await expect(Promise.all([running, waiting])).resolves.toHaveLength(2);
  });

  it('takes a request whose client left out of the queue', async () => {
    open();
    await load('loop', loopModel('input'));
    const running = pool.infer({ model: 'loop', version: 'v1', inputs: busy(A_WHILE) });
    const client = new AbortController();
    const waiting = pool.infer({
      model: 'loop',
      version: 'v1',
      inputs: busy(A_WHILE),
      signal: client.signal,
    });
    expect(pool.queueLength).toBe(1);
    client.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    expect(pool.queueLength).toBe(0);
    await running;
  });

  it('answers at the deadline although the model is still at it', async () => {
    open();
    await load('loop', loopModel('input'));
    const signal = AbortSignal.timeout(20);
    const late = pool.infer({ model: 'loop', version: 'v1', inputs: busy(A_WHILE), signal });
    await expect(late).rejects.toMatchObject({ code: 'deadline' });
  });

  it('gives up a worker that a runaway holds, and serves the other models with a new one', async () => {
    const deaths: string[] = [];
    open({ stuckAfterMs: 300, onWorkerDeath: ({ code }) => deaths.push(code) });
    await load('loop', loopModel('input'));
    await load('ranker', linearModel([1]));
    const runaway = pool.infer({ model: 'loop', version: 'v1', inputs: busy(1_500_000n) });
    const behindIt = pool.infer({ model: 'loop', version: 'v1', inputs: busy(1n) });
    const other = pool.infer({ model: 'ranker', version: 'v1', inputs: [features([7])] });
    await expect(runaway).rejects.toMatchObject({ code: 'runaway' });
    await expect(behindIt).rejects.toMatchObject({ code: 'runaway' });
    await expect(other).resolves.toMatchObject([{ name: 'scores' }]);
    await expect(pool.infer({ model: 'loop', version: 'v1', inputs: busy(1n) })).rejects.toMatchObject({
      code: 'unknown-model',
    });
    expect(deaths).toEqual(['runaway']);
    expect(pool.abandonedThreads).toBe(1);
    await vi.waitFor(() => expect(pool.abandonedThreads).toBe(0), 15_000);
  });

  it('fails only what a dying thread was at, and replaces it by one that has every model', async () => {
    const deaths: string[] = [];
    open({ heapMiB: 24, onWorkerDeath: ({ code }) => deaths.push(code) });
    await load('echo', identityModel(DataType.STRING));
    await load('ranker', linearModel([3]));
    const count = 2_000_000;
    const tooMuch: Tensor = {
      name: 'x',
      datatype: 'BYTES',
      shape: [count],
      data: Array.from({ length: count }, (_, index) => `text ${index}`),
    };
    const dying = pool.infer({ model: 'echo', version: 'v1', inputs: [tooMuch] });
    const waiting = pool.infer({ model: 'ranker', version: 'v1', inputs: [features([2])] });
    await expect(dying).rejects.toMatchObject({ code: 'worker-died' });
    await expect(waiting).resolves.toMatchObject([{ data: Float32Array.of(6) }]);
    expect(deaths).toEqual(['worker-died']);
  });

  it('keeps running requests when their model is unloaded, and refuses new ones', async () => {
    open();
    await load('loop', loopModel('input'));
    const running = pool.infer({ model: 'loop', version: 'v1', inputs: busy(A_WHILE) });
    const unloaded = pool.unload('loop', 'v1');
    await expect(pool.infer({ model: 'loop', version: 'v1', inputs: busy(1n) })).rejects.toMatchObject({
      code: 'unknown-model',
    });
    await expect(running).resolves.toHaveLength(1);
    await unloaded;
  });

  it('loads nothing when a worker cannot load it', async () => {
    open({ workers: 2 });
    const path = join(directory, 'broken.onnx');
    await writeFile(path, 'no model');
    const signature = inspectModel(linearModel([1]));
    await expect(pool.load({ model: 'broken', version: 'v1', path, signature })).rejects.toMatchObject({
      name: 'ModelError',
    });
    await expect(pool.infer({ model: 'broken', version: 'v1', inputs: [] })).rejects.toMatchObject({
      code: 'unknown-model',
    });
  });
});
