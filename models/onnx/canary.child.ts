import { readFile, stat } from 'node:fs/promises';
import type { Tensor } from '../codecs/tensor.ts';
import { hasBoundedOperators } from './bounded-operators.ts';
import { inspectModel } from './inspect-model.ts';
import { failureOf, ModelError } from './model-error.ts';
import { compareRows, measureRow, measureRuns, sampleOf } from './model-profile.ts';
import { openSession, runSession } from './ort-tensor.ts';
import type { CanaryReport, CanaryTask } from './run-canary.ts';

/** A protobuf message, and so an ONNX file, ends before 2 GiB. */
const MAX_MODEL_BYTES = 2 ** 31 - 1;

/** The first time anything reads an artifact as a model: inspected, loaded and run, where it can harm nobody. */
async function admit({ path, example }: CanaryTask): Promise<CanaryReport> {
  try {
    const { size } = await stat(path);
    if (size > MAX_MODEL_BYTES) {
      throw new ModelError(
        'not-a-model',
        `${size} bytes are no ONNX model: one has at most ${MAX_MODEL_BYTES}`,
      );
    }
    const bytes = await readFile(path);
    const signature = inspectModel(bytes);
    const sample = sampleOf(signature, example);
    const begun = performance.now();
    const session = await openSession(path);
    const loadMs = performance.now() - begun;
    const outputs = signature.outputs.map(({ name }) => name);
    const run = () => runSession(session, sample, outputs);
    await run();
    const rows = await compareRows(session, signature);
    const runMs = await measureRuns(run);
    return {
      profile: {
        signature,
        rows,
        loadMs,
        runMs,
        rowMs: rows === 'independent' ? await measureRow(session, signature, runMs) : null,
        sampleElements: elementsOf(sample),
        bounded: hasBoundedOperators(bytes),
        sizeBytes: size,
      },
    };
  } catch (error) {
    return { failure: failureOf(error) };
  }
}

const elementsOf = (tensors: readonly Tensor[]) => tensors.reduce((sum, { data }) => sum + data.length, 0);

process.once('message', async (task: CanaryTask) => {
  const report = await admit(task);
  process.send?.(report, () => process.disconnect());
});
