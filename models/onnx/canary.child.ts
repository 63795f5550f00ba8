import { readFile, stat } from 'node:fs/promises';
import { inspectModel } from './inspect-model.ts';
import { failureOf, ModelError } from './model-error.ts';
import { openSession, runSession, syntheticInput } from './ort-tensor.ts';
import type { CanaryReport } from './run-canary.ts';

/** A protobuf message, and so an ONNX file, ends before 2 GiB. */
const MAX_MODEL_BYTES = 2 ** 31 - 1;

/** The first time anything reads an artifact as a model: inspected, loaded and run, where it can harm nobody. */
async function admit(path: string): Promise<CanaryReport> {
  try {
    const { size } = await stat(path);
    if (size > MAX_MODEL_BYTES) {
      throw new ModelError(
        'not-a-model',
        `${size} bytes are no ONNX model: one has at most ${MAX_MODEL_BYTES}`,
      );
    }
    const signature = inspectModel(await readFile(path));
    const session = await openSession(path);
    const outputs = signature.outputs.map(({ name }) => name);
    await runSession(session, signature.inputs.map(syntheticInput), outputs);
    return { signature };
  } catch (error) {
    return { failure: failureOf(error) };
  }
}

const report = await admit(process.argv[2] ?? '');
process.send?.(report, () => process.disconnect());
