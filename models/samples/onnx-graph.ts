import onnxProto from 'onnx-proto';
import type { Tree } from './boosted-trees.ts';
import type { CategoryTable } from './category-table.ts';
import { CATEGORIES, inputName, NUMBERS } from './features.ts';

const { onnx } = onnxProto;
type Node = InstanceType<typeof onnx.NodeProto>;
type Attribute = InstanceType<typeof onnx.AttributeProto>;
type Initializer = InstanceType<typeof onnx.TensorProto>;

const { DataType } = onnx.TensorProto;
const { AttributeType } = onnx.AttributeProto;
/** The dimension that a request chooses: how many films it wants scored. */
const FILMS = 'films';
const IR_VERSION = 8;
const OPSETS = [
  { domain: '', version: 15 },
  { domain: 'ai.onnx.ml', version: 2 },
];

/** What differs between rankers; their inputs and output are the same. The last node must yield `score`. */
export interface RankerGraph {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly initializers?: readonly Initializer[];
}

/** The bytes of a model whose inputs are the film features, each [films], and whose output is `score`, FP32 [films]. */
export function onnxModel({ name, nodes, initializers = [] }: RankerGraph): Uint8Array {
  const model = onnx.ModelProto.create({
    irVersion: IR_VERSION,
    producerName: 'switchyard-samples',
    opsetImport: OPSETS.map((opset) => onnx.OperatorSetIdProto.create(opset)),
    graph: onnx.GraphProto.create({
      name,
      node: [...nodes],
      initializer: [...initializers],
      input: [
        ...CATEGORIES.map((category) => vectorOf(inputName(category), DataType.STRING)),
        ...NUMBERS.map((feature) => vectorOf(inputName(feature), DataType.FLOAT)),
      ],
      output: [vectorOf('score', DataType.FLOAT)],
    }),
  });
  return onnx.ModelProto.encode(model).finish();
}

function vectorOf(name: string, elemType: number) {
  const shape = onnx.TensorShapeProto.create({
    dim: [onnx.TensorShapeProto.Dimension.create({ dimParam: FILMS })],
  });
  return onnx.ValueInfoProto.create({
    name,
    type: onnx.TypeProto.create({ tensorType: { elemType, shape } }),
  });
}

/** One operator. `attributes` are made by the functions below. */
export function node(
  opType: string,
  wires: { readonly inputs: readonly string[]; readonly output: string },
  attributes: readonly Attribute[] = [],
): Node {
  const domain = ['LabelEncoder', 'TreeEnsembleRegressor'].includes(opType) ? 'ai.onnx.ml' : '';
  return onnx.NodeProto.create({
    opType,
    domain,
    input: [...wires.inputs],
    output: [wires.output],
    attribute: [...attributes],
  });
}

const floats = (name: string, values: readonly number[]): Attribute =>
  onnx.AttributeProto.create({ name, type: AttributeType.FLOATS, floats: [...values] });

const ints = (name: string, values: readonly number[]): Attribute =>
  onnx.AttributeProto.create({ name, type: AttributeType.INTS, ints: [...values] });

export const int = (name: string, value: number): Attribute =>
  onnx.AttributeProto.create({ name, type: AttributeType.INT, i: value });

const float = (name: string, value: number): Attribute =>
  onnx.AttributeProto.create({ name, type: AttributeType.FLOAT, f: value });

const strings = (name: string, values: readonly string[]): Attribute =>
  onnx.AttributeProto.create({
    name,
    type: AttributeType.STRINGS,
    strings: values.map((value) => new TextEncoder().encode(value)),
  });

/** A constant vector. */
export const floatTensor = (name: string, values: readonly number[]): Initializer =>
  onnx.TensorProto.create({ name, dataType: DataType.FLOAT, dims: [values.length], floatData: [...values] });

export const intTensor = (name: string, values: readonly number[]): Initializer =>
  onnx.TensorProto.create({ name, dataType: DataType.INT64, dims: [values.length], int64Data: [...values] });

/** Looks a category up in its table: STRING [films] in, FLOAT [films] out. */
export function tableNode(table: CategoryTable, output: string): Node {
  const rows = [...table.values].sort(([a], [b]) => (a < b ? -1 : 1));
  return node('LabelEncoder', { inputs: [inputName(table.category)], output }, [
    strings(
      'keys_strings',
      rows.map(([key]) => key),
    ),
    floats(
      'values_floats',
      rows.map(([, value]) => value),
    ),
    float('default_float', table.otherwise),
  ]);
}

interface FlatNode {
  readonly tree: number;
  readonly id: number;
  readonly node: Tree;
  readonly lowId: number;
  readonly highId: number;
}

/** A forest that sums one leaf per tree: FLOAT [films, columns] in, FLOAT [films, 1] out. */
export function treesNode(
  forest: { readonly base: number; readonly trees: readonly Tree[] },
  wires: { readonly input: string; readonly output: string },
): Node {
  const nodes = forest.trees.flatMap((tree, index) => flatten(tree, index));
  const leaves = nodes.filter((flat) => flat.node.kind === 'leaf');
  return node('TreeEnsembleRegressor', { inputs: [wires.input], output: wires.output }, [
    int('n_targets', 1),
    floats('base_values', [forest.base]),
    ints(
      'nodes_treeids',
      nodes.map((flat) => flat.tree),
    ),
    ints(
      'nodes_nodeids',
      nodes.map((flat) => flat.id),
    ),
    strings(
      'nodes_modes',
      nodes.map((flat) => (flat.node.kind === 'split' ? 'BRANCH_LEQ' : 'LEAF')),
    ),
    ints(
      'nodes_featureids',
      nodes.map((flat) => (flat.node.kind === 'split' ? flat.node.column : 0)),
    ),
    floats(
      'nodes_values',
      nodes.map((flat) => (flat.node.kind === 'split' ? flat.node.threshold : 0)),
    ),
    ints(
      'nodes_truenodeids',
      nodes.map((flat) => flat.lowId),
    ),
    ints(
      'nodes_falsenodeids',
      nodes.map((flat) => flat.highId),
    ),
    ints(
      'target_treeids',
      leaves.map((flat) => flat.tree),
    ),
    ints(
      'target_nodeids',
      leaves.map((flat) => flat.id),
    ),
    ints(
      'target_ids',
      leaves.map(() => 0),
    ),
    floats(
      'target_weights',
      leaves.map((flat) => (flat.node.kind === 'leaf' ? flat.node.value : 0)),
    ),
  ]);
}

/** A tree's nodes, parents before children, each with its number within the tree. */
function flatten(root: Tree, tree: number): FlatNode[] {
  const flat: FlatNode[] = [];
  const place = (current: Tree): number => {
    const id = flat.length;
    flat.push({ tree, id, node: current, lowId: 0, highId: 0 });
    if (current.kind === 'split') {
      const lowId = place(current.low);
      const highId = place(current.high);
      flat[id] = { tree, id, node: current, lowId, highId };
    }
    return id;
  };
  place(root);
  return flat;
}
