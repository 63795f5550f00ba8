import fc from 'fast-check';
import onnxProto from 'onnx-proto';
import { describe, expect, it } from 'vitest';
import { inspectModel } from '../../../models/onnx/inspect-model.ts';
import { identityModel, linearModel, loopModel, modelOf, value } from '../../support/onnx-models.ts';

const { onnx } = onnxProto;
const { DataType } = onnx.TensorProto;
const { AttributeType } = onnx.AttributeProto;

const external = {
  name: 'stolen',
  dataType: DataType.FLOAT,
  dims: [4],
  dataLocation: onnx.TensorProto.DataLocation.EXTERNAL,
  externalData: [{ key: 'location', value: '../../etc/passwd' }],
};
const output = [value('y', DataType.FLOAT, [4])];
const nodes = (...attribute: object[]) => [{ opType: 'Constant', output: ['y'], attribute }];
const subgraph = (depth: number): object =>
  depth === 0
    ? { name: 'g', initializer: [external] }
    : {
        name: 'g',
        node: [
          {
            opType: 'If',
            attribute: [{ name: 'then_branch', type: AttributeType.GRAPH, g: subgraph(depth - 1) }],
          },
        ],
      };

/** A function's default attributes: field 11 of FunctionProto, newer than the onnx.proto that built the rest. */
function functionDefault(): Uint8Array {
  const attribute = onnx.AttributeProto.encode({
    name: 'value',
    type: AttributeType.TENSOR,
    t: external,
  }).finish();
  const inFunction = Buffer.concat([Buffer.from([11 * 8 + 2, attribute.length]), attribute]);
  const inModel = Buffer.concat([
    Buffer.from([((25 * 8 + 2) % 128) | 128, 1, inFunction.length]),
    inFunction,
  ]);
  return Buffer.concat([modelOf({ output }), inModel]);
}

describe('inspecting a model', () => {
  it('reads names, datatypes and shapes, with -1 where the request chooses', () => {
    expect(inspectModel(linearModel([1, 2, 3]))).toEqual({
      inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, 3] }],
      outputs: [{ name: 'scores', datatype: 'FP32', shape: [-1] }],
    });
    expect(inspectModel(identityModel(DataType.STRING)).inputs).toEqual([
      { name: 'x', datatype: 'BYTES', shape: [-1] },
    ]);
  });

  it('leaves weights that older files list among the inputs out of the signature', () => {
    const bytes = modelOf({
      initializer: [{ name: 'w', dataType: DataType.FLOAT, dims: [1], floatData: [1] }],
      input: [value('x', DataType.FLOAT, [1]), value('w', DataType.FLOAT, [1])],
      output,
    });
    expect(inspectModel(bytes).inputs.map(({ name }) => name)).toEqual(['x']);
  });

  it.each([
    ['an initialiser', modelOf({ initializer: [external], output })],
    ['a sparse initialiser', modelOf({ sparseInitializer: [{ values: external, dims: [4] }], output })],
    [
      'an attribute',
      modelOf({ node: nodes({ name: 'value', type: AttributeType.TENSOR, t: external }), output }),
    ],
    [
      'a list attribute',
      modelOf({ node: nodes({ name: 'v', type: AttributeType.TENSORS, tensors: [external] }), output }),
    ],
    ['a nested subgraph', modelOf({ ...subgraph(3), output })],
    ['a default of a function', functionDefault()],
  ])('refuses data in another file, in %s', (_where, bytes) => {
    expect(() => inspectModel(bytes)).toThrow(expect.objectContaining({ code: 'external-data' }));
  });

  it('names the tensor whose data lies elsewhere', () => {
    expect(() => inspectModel(modelOf({ initializer: [external], output }))).toThrow(
      /"stolen".*another file/,
    );
  });

  it.each([
    ['no bytes', new Uint8Array()],
    ['text', Buffer.from('<html>404 Not Found</html>')],
    ['a zip archive', Buffer.from('PK\u0003\u0004 and so on')],
    ['a truncated model', linearModel([1, 2, 3]).subarray(0, -7)],
    ['a model without a graph', onnx.ModelProto.encode({ irVersion: 8 }).finish()],
    ['two graphs', Buffer.concat([linearModel([1]), linearModel([1])])],
    ['a length of 2^63', Buffer.from([0x3a, 255, 255, 255, 255, 255, 255, 255, 255, 127])],
    ['a hundred thousand empty messages', Buffer.alloc(200_000, Buffer.from([0x3a, 0]))],
  ])('refuses %s as no model', (_what, bytes) => {
    expect(() => inspectModel(bytes)).toThrow(expect.objectContaining({ code: 'not-a-model' }));
  });

  it('refuses nesting that no real model has', () => {
    expect(() => inspectModel(modelOf({ ...subgraph(90), output }))).toThrow(/deeper/);
  });

  it.each([
    ['a complex tensor', modelOf({ output: [value('y', DataType.COMPLEX64, [1])] }), /element type 14/],
    [
      'a sequence',
      modelOf({ output: [{ name: 'y', type: { sequenceType: { elemType: output[0]?.type ?? null } } }] }),
      /no tensor/,
    ],
    [
      'a tensor of unknown rank',
      modelOf({ output: [{ name: 'y', type: { tensorType: { elemType: DataType.FLOAT } } }] }),
      /no shape/,
    ],
  ])('refuses %s, which the protocol cannot carry', (_what, bytes, message) => {
    expect(() => inspectModel(bytes)).toThrow(
      expect.objectContaining({ code: 'unsupported-type', message: expect.stringMatching(message) }),
    );
  });

  it('answers any bytes with a signature or a ModelError, and nothing else', () => {
    const seed = loopModel();
    const mutated = fc
      .array(fc.tuple(fc.nat(seed.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 8 })
      .map((changes) => {
        const bytes = Uint8Array.from(seed);
        for (const [index, byte] of changes) bytes[index] = byte;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        try {
          return inspectModel(bytes).outputs.length > 0;
        } catch (error) {
          return (error as Error).name === 'ModelError';
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
