import type { Datatype, Tensor, TensorData } from '../codecs/tensor.ts';
import { ModelError } from './model-error.ts';

// The binding fails on Float16Array, which the library picks when the runtime has it; without it, it takes
// and gives the bits in a Uint16Array.
Reflect.deleteProperty(globalThis, 'Float16Array');
const ort = await import('onnxruntime-node');

type OrtTensor = InstanceType<typeof ort.Tensor>;
export type OrtSession = Awaited<ReturnType<typeof ort.InferenceSession.create>>;

const ORT_TYPES = {
  BOOL: 'bool',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'uint64',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  FP16: 'float16',
  FP32: 'float32',
  FP64: 'float64',
  BYTES: 'string',
} as const satisfies Readonly<Record<Datatype, string>>;

const DATATYPES: ReadonlyMap<string, Datatype> = new Map(
  Object.entries(ORT_TYPES).map(([datatype, type]) => [type, datatype as Datatype]),
);

/** Opens a model file for one thread's own use. Blocks this thread while it loads. */
export function openSession(path: string): Promise<OrtSession> {
  return ort.InferenceSession.create(path, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    // What was inspected is ONNX: bytes that also read as the runtime's own format must not be taken for it.
    extra: { session: { load_model_format: 'ONNX' } },
  });
}

/** Runs a session. Blocks this thread meanwhile. Throws ModelError `failed` with the runtime's own words. */
export async function runSession(
  session: OrtSession,
  inputs: readonly Tensor[],
  outputs: readonly string[],
): Promise<Tensor[]> {
  const feeds = Object.fromEntries(inputs.map((input) => [input.name, toOrt(input)]));
  try {
    const results = await session.run(feeds, outputs);
    return outputs.map((name) => fromOrt(name, results[name]));
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw new ModelError('failed', `the model failed: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}

function toOrt({ datatype, data, shape }: Tensor): OrtTensor {
  // The library types each datatype's array apart; here the pair is right by construction of a Tensor.
  return new ort.Tensor(ORT_TYPES[datatype] as 'float32', data as Float32Array, shape);
}

function fromOrt(name: string, tensor: OrtTensor | undefined): Tensor {
  const datatype = DATATYPES.get(tensor?.type ?? '');
  if (tensor === undefined || datatype === undefined) {
    throw new ModelError(
      'unsupported-type',
      `output ${JSON.stringify(name)} came as ${tensor?.type ?? 'nothing'}`,
    );
  }
  return { name, datatype, shape: tensor.dims, data: tensor.data as TensorData };
}
