import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import onnxProto from 'onnx-proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCanary } from '../../../models/onnx/run-canary.ts';
import { identityModel, linearModel, loopModel, modelOf, value } from '../../support/onnx-models.ts';

const { DataType } = onnxProto.onnx.TensorProto;
const LIMITS = { deadlineMs: 10_000, memoryMiB: 2_048 };

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'canary-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function fileOf(bytes: Uint8Array): Promise<string> {
  const path = join(directory, crypto.randomUUID());
  await writeFile(path, bytes);
  return path;
}

describe('a canary run', () => {
  it('gives the signature of a model that loads and runs, and what it measured', async () => {
    const { signature, ...profile } = await runCanary({ path: await fileOf(linearModel([1, 2])) }, LIMITS);
    expect(signature.inputs).toEqual([{ name: 'features', datatype: 'FP32', shape: [-1, 2] }]);
    expect(profile).toMatchObject({ rows: 'independent', bounded: true, sampleElements: 2 });
    expect(profile.runMs).toBeGreaterThan(0);
  });

  it.each([
    ['adds up along its first dimension', 'CumSum', ['x', 'axis'], 'dependent'],
    ['takes every row by itself', 'Identity', ['x'], 'independent'],
  ])('knows of a model that %s whether its rows are independent', async (_what, opType, input, rows) => {
    const axis = { name: 'axis', dataType: DataType.INT64, dims: [], int64Data: [0] };
    const bytes = modelOf({
      node: [{ opType, input, output: ['y'] }],
      initializer: opType === 'CumSum' ? [axis] : [],
      input: [value('x', DataType.FLOAT, ['n', 2])],
      output: [value('y', DataType.FLOAT, ['n', 2])],
    });
    expect(await runCanary({ path: await fileOf(bytes) }, LIMITS)).toMatchObject({ rows });
  });

  it('runs the example that was recorded, and refuses a model that cannot', async () => {
    const path = await fileOf(linearModel([1, 2]));
    const input = { name: 'features', datatype: 'FP32', shape: [3, 2], data: new Float32Array(6) } as const;
    expect(await runCanary({ path, example: [input] }, LIMITS)).toMatchObject({ sampleElements: 6 });
    const wrong = { ...input, shape: [2, 3] };
    await expect(runCanary({ path, example: [wrong] }, LIMITS)).rejects.toMatchObject({ code: 'failed' });
  });

  it('counts no model with a loop among those whose time their input bounds', async () => {
    expect(await runCanary({ path: await fileOf(loopModel('input')) }, LIMITS)).toMatchObject({
      bounded: false,
    });
  });

  it('runs models of half-precision numbers and of text', async () => {
    await expect(
      runCanary({ path: await fileOf(identityModel(DataType.FLOAT16)) }, LIMITS),
    ).resolves.toBeDefined();
    await expect(
      runCanary({ path: await fileOf(identityModel(DataType.STRING)) }, LIMITS),
    ).resolves.toBeDefined();
  });

  it('kills a model that never ends once its deadline has passed', async () => {
    const outcome = runCanary({ path: await fileOf(loopModel()) }, { ...LIMITS, deadlineMs: 1_500 });
    // Linux tells a process's children; elsewhere there is nothing to look at.
    if (process.platform === 'linux') {
      const children = await readFile(`/proc/self/task/${process.pid}/children`, 'utf8');
      expect(
        children
          .trim()
          .split(' ')
          .map((pid) => getPriority(Number(pid))),
      ).toContain(5);
    }
    await expect(outcome).rejects.toMatchObject({ code: 'runaway' });
  });

  it.runIf(process.platform === 'linux')(
    'stops a model that asks for more memory than it may have',
    async () => {
      const huge = modelOf({
        node: [{ opType: 'ConstantOfShape', input: ['size'], output: ['y'] }],
        initializer: [{ name: 'size', dataType: DataType.INT64, dims: [1], int64Data: [3 * 2 ** 30] }],
        output: [value('y', DataType.FLOAT, ['n'])],
      });
      await expect(runCanary({ path: await fileOf(huge) }, LIMITS)).rejects.toMatchObject({ code: 'failed' });
    },
  );

  it('passes on why the file was refused', async () => {
    await expect(runCanary({ path: await fileOf(Buffer.from('no model')) }, LIMITS)).rejects.toMatchObject({
      code: 'not-a-model',
    });
    const unknownOp = modelOf({
      node: [{ opType: 'NoSuchOperator', input: ['x'], output: ['y'] }],
      input: [value('x', DataType.FLOAT, [1])],
      output: [value('y', DataType.FLOAT, [1])],
    });
    await expect(runCanary({ path: await fileOf(unknownOp) }, LIMITS)).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringContaining('NoSuchOperator'),
    });
  });

  it('ends at once when it is aborted', async () => {
    const outcome = runCanary({ path: await fileOf(loopModel()) }, LIMITS, AbortSignal.timeout(300));
    await expect(outcome).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});
