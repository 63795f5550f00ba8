import onnxProto from 'onnx-proto';
import type { Datatype, Signature, TensorSpec } from '../codecs/tensor.ts';
import { ModelError } from './model-error.ts';
import { type ProtobufField, protobufFields } from './protobuf-fields.ts';

const { onnx } = onnxProto;
const { DataType } = onnx.TensorProto;

/** ONNX element types that the runtime for Node computes with, as the protocol names them. */
const DATATYPES: ReadonlyMap<number, Datatype> = new Map<number, Datatype>([
  [DataType.BOOL, 'BOOL'],
  [DataType.UINT8, 'UINT8'],
  [DataType.UINT16, 'UINT16'],
  [DataType.UINT32, 'UINT32'],
  [DataType.UINT64, 'UINT64'],
  [DataType.INT8, 'INT8'],
  [DataType.INT16, 'INT16'],
  [DataType.INT32, 'INT32'],
  [DataType.INT64, 'INT64'],
  [DataType.FLOAT16, 'FP16'],
  [DataType.FLOAT, 'FP32'],
  [DataType.DOUBLE, 'FP64'],
  [DataType.STRING, 'BYTES'],
]);

type Message = 'model' | 'training' | 'graph' | 'node' | 'attribute' | 'sparse' | 'function' | 'tensor';

/**
 * Every way through onnx.proto (ONNX 1.20, IR version 13) from a model to a tensor: message → field number →
 * message. Walking the wire by this table sees what a decoder of an older onnx.proto would skip.
 */
const WAYS_TO_TENSORS: Readonly<Record<Message, Readonly<Record<number, Message>>>> = {
  model: { 7: 'graph', 20: 'training', 25: 'function' },
  training: { 1: 'graph', 2: 'graph' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  node: { 5: 'attribute' },
  attribute: {
    5: 'tensor',
    6: 'graph',
    10: 'tensor',
    11: 'graph',
    22: 'sparse',
    23: 'sparse',
  },
  sparse: { 1: 'tensor', 2: 'tensor' },
  function: { 7: 'node', 11: 'attribute' },
  tensor: {},
};
const MODEL = { irVersion: 1, graph: 7 } as const;
const GRAPH = { initializer: 5, input: 11, output: 12 } as const;
const TENSOR = { name: 8, externalData: 13, dataLocation: 14 } as const;

/** Subgraphs within subgraphs; real models have a handful. */
const MAX_DEPTH = 200;
const MAX_VALUES = 4_096;

/**
 * What a model takes and gives, read from its graph without running it. Throws ModelError: `not-a-model` for
 * bytes that are no ONNX model, `external-data` where a tensor anywhere in it lies in another file (the
 * runtime would read that file, wherever it is), `unsupported-type` for what the protocol cannot carry.
 */
export function inspectModel(bytes: Uint8Array): Signature {
  try {
    refuseExternalData(bytes);
    return readSignature(bytes);
  } catch (error) {
    if (error instanceof ModelError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ModelError('not-a-model', `these ${bytes.length} bytes are no ONNX model: ${reason}`, {
      cause: error,
    });
  }
}

function refuseExternalData(bytes: Uint8Array): void {
  const pending: { message: Message; bytes: Uint8Array; depth: number }[] = [
    { message: 'model', bytes, depth: 0 },
  ];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next.depth > MAX_DEPTH) throw new RangeError(`nests deeper than ${MAX_DEPTH} messages`);
    if (next.message === 'tensor') {
      refuseExternalTensor(next.bytes);
      continue;
    }
    const ways = WAYS_TO_TENSORS[next.message];
    for (const field of protobufFields(next.bytes)) {
      const message = ways[field.number];
      if (message === undefined) continue;
      pending.push({ message, bytes: bytesOf(field), depth: next.depth + 1 });
    }
  }
}

function refuseExternalTensor(tensor: Uint8Array): void {
  let name = '';
  let external = false;
  for (const field of protobufFields(tensor)) {
    if (field.number === TENSOR.name) name = textOf(field);
    if (field.number === TENSOR.externalData) external = true;
    if (field.number === TENSOR.dataLocation) external ||= field.kind !== 'varint' || field.value !== 0n;
  }
  if (!external) return;
  const message = `tensor ${JSON.stringify(name.slice(0, 80))} keeps its data in another file: save the model with its weights inside`;
  throw new ModelError('external-data', message);
}

function readSignature(bytes: Uint8Array): Signature {
  const fields = [...protobufFields(bytes)];
  const graphs = fields.filter(({ number }) => number === MODEL.graph).map(bytesOf);
  if (graphs.length !== 1 || !fields.some(({ number }) => number === MODEL.irVersion)) {
    throw new RangeError('a model has an IR version and exactly one graph');
  }
  const [inputs, outputs, initialised] = [[] as TensorSpec[], [] as TensorSpec[], new Set<string>()];
  for (const graph of graphs) {
    for (const field of protobufFields(graph)) {
      if (field.number === GRAPH.initializer) initialised.add(nameOfTensor(bytesOf(field)));
      if (field.number === GRAPH.input) inputs.push(readSpec(bytesOf(field)));
      if (field.number === GRAPH.output) outputs.push(readSpec(bytesOf(field)));
    }
  }
  if (outputs.length === 0) throw new RangeError('its graph has no output');
  if (inputs.length + outputs.length > MAX_VALUES)
    throw new RangeError(`has more than ${MAX_VALUES} inputs and outputs`);
  // Before IR version 4 weights are listed among the inputs too; later, such an input has a default.
  return { inputs: inputs.filter(({ name }) => !initialised.has(name)), outputs };
}

function readSpec(bytes: Uint8Array): TensorSpec {
  const { name, type } = onnx.ValueInfoProto.decode(bytes);
  const refuse = (what: string) =>
    new ModelError('unsupported-type', `${JSON.stringify(name.slice(0, 80))} ${what}`);
  const tensor = type?.tensorType;
  if (tensor === undefined || tensor === null)
    throw refuse('is no tensor (a sequence, map or optional): export plain tensors');
  const datatype = DATATYPES.get(tensor.elemType ?? 0);
  if (datatype === undefined)
    throw refuse(`has ONNX element type ${tensor.elemType}, which cannot be served`);
  if (!tensor.shape?.dim)
    throw refuse('declares no shape: export the model with the rank of every input and output');
  const shape = tensor.shape.dim.map(({ dimValue }) => {
    const dimension = Number(dimValue ?? -1);
    return Number.isSafeInteger(dimension) && dimension >= 0 ? dimension : -1;
  });
  return { name, datatype, shape };
}

function nameOfTensor(tensor: Uint8Array): string {
  let name = '';
  for (const field of protobufFields(tensor)) if (field.number === TENSOR.name) name = textOf(field);
  return name;
}

function bytesOf(field: ProtobufField): Uint8Array {
  if (field.kind !== 'bytes') throw new RangeError(`field ${field.number} is no message`);
  return field.bytes;
}

function textOf(field: ProtobufField): string {
  return Buffer.from(bytesOf(field)).toString('utf8');
}
