import { createHash } from 'node:crypto';
import onnxProto from 'onnx-proto';

const { onnx } = onnxProto;
const { DataType } = onnx.TensorProto;
type Node = Parameters<typeof onnx.NodeProto.encode>[0];
type Graph = NonNullable<Parameters<typeof onnx.GraphProto.encode>[0]>;

/** An input or output; a dimension that is text is dynamic. */
export function value(name: string, elemType: number, shape: readonly (number | string)[]) {
  const dim = shape.map((size) => (typeof size === 'string' ? { dimParam: size } : { dimValue: size }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

/** The bytes of a model with this graph. */
export function modelOf(graph: Graph): Uint8Array {
  const model = { irVersion: 8, opsetImport: [{ domain: '', version: 13 }], graph: { name: 'g', ...graph } };
  return onnx.ModelProto.encode(model).finish();
}

/** scores[n] = features[n, weights.length] · weights */
export function linearModel(weights: readonly number[]): Uint8Array {
  return modelOf({
    node: [{ opType: 'MatMul', input: ['features', 'w'], output: ['scores'] }],
    initializer: [{ name: 'w', dataType: DataType.FLOAT, dims: [weights.length], floatData: [...weights] }],
    input: [value('features', DataType.FLOAT, ['n', weights.length])],
    output: [value('scores', DataType.FLOAT, ['n'])],
  });
}

/** y = x, for any element type. */
export function identityModel(elemType: number, shape: readonly (number | string)[] = ['n']): Uint8Array {
  return modelOf({
    node: [{ opType: 'Identity', input: ['x'], output: ['y'] }],
    input: [value('x', elemType, shape)],
    output: [value('y', elemType, shape)],
  });
}

/**
 * Doubles x as often as `times` says: a model whose running time its input decides, up to years. With
 * `times: null` it loops 2^62 times whatever the input.
 */
export function loopModel(times: 'input' | null = null): Uint8Array {
  const body = {
    name: 'body',
    node: [
      { opType: 'Identity', input: ['go'], output: ['go_on'] },
      { opType: 'Add', input: ['state', 'state'], output: ['next'] },
    ],
    input: [
      value('i', DataType.INT64, []),
      value('go', DataType.BOOL, []),
      value('state', DataType.FLOAT, ['n']),
    ],
    output: [value('go_on', DataType.BOOL, []), value('next', DataType.FLOAT, ['n'])],
  };
  const forever = {
    name: 'times',
    dataType: DataType.INT64,
    rawData: new Uint8Array([0, 0, 0, 0, 0, 0, 0, 64]),
  };
  const loop: Node = {
    opType: 'Loop',
    input: ['times', 'true', 'x'],
    output: ['y'],
    attribute: [{ name: 'body', type: onnx.AttributeProto.AttributeType.GRAPH, g: body }],
  };
  return modelOf({
    node: [loop],
    initializer: [
      { name: 'true', dataType: DataType.BOOL, int32Data: [1] },
      ...(times === null ? [forever] : []),
    ],
    input: [
      value('x', DataType.FLOAT, ['n']),
      ...(times === null ? [] : [value('times', DataType.INT64, [])]),
    ],
    output: [value('y', DataType.FLOAT, ['n'])],
  });
}

/**
 * y[n, 8] = x[n, 8] through `layers` dense layers of that width: a file of about 4 × width² × layers bytes, all of
 * which are read for each run.
 */
export function mlpModel(width: number, layers: number): Uint8Array {
  const sizes = [8, ...Array.from({ length: layers + 1 }, () => width), 8];
  const names = ['x', ...Array.from({ length: sizes.length - 2 }, (_, layer) => `h${layer}`), 'y'];
  const outputs = names.slice(1);
  return modelOf({
    node: outputs.map((output, layer) => ({
      opType: 'MatMul',
      input: [names[layer] ?? '', `w${layer}`],
      output: [output],
    })),
    initializer: outputs.map((_, layer) => {
      const [rows = 1, columns = 1] = sizes.slice(layer);
      const weights = Float32Array.from(
        { length: rows * columns },
        (_, index) => ((index * 31) % 17) / (17 * rows),
      );
      const rawData = new Uint8Array(weights.buffer);
      return { name: `w${layer}`, dataType: DataType.FLOAT, dims: [rows, columns], rawData };
    }),
    input: [value('x', DataType.FLOAT, ['n', 8])],
    output: [value('y', DataType.FLOAT, ['n', 8])],
  });
}

/** Digest and size of an artifact, as a registry records them. */
export function refOf(bytes: Uint8Array): { sha256: string; sizeBytes: number } {
  return { sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length };
}
