import { type ProtobufField, protobufFields } from './protobuf-fields.ts';

/**
 * Operators whose time and memory are bounded by the sizes of their inputs, whatever the values in them. Loops,
 * branches and operators that make a tensor as large as a value says (Range, Expand, Tile, …) are not among them.
 */
const BOUNDED = new Set(
  `Abs Add And ArgMax ArgMin AveragePool BatchNormalization Cast Ceil Clip Concat Constant Conv Div Dropout Elu Equal
  Erf Exp Flatten Floor Gather GatherElements Gelu Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual
  HardSigmoid HardSwish Identity LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax MatMul Max MaxPool Mean
  Min Mul Neg Not Or Pow PRelu Reciprocal ReduceL2 ReduceMax ReduceMean ReduceMin ReduceSum Relu Reshape Round Selu
  Sigmoid Sign Slice Softmax Softplus Split Sqrt Squeeze Sub Sum Tanh Transpose Unsqueeze Where Xor
  ArrayFeatureExtractor Binarizer CategoryMapper FeatureVectorizer Imputer LabelEncoder LinearClassifier
  LinearRegressor Normalizer OneHotEncoder Scaler SVMClassifier SVMRegressor TreeEnsembleClassifier
  TreeEnsembleRegressor ZipMap`.split(/\s+/),
);
const DOMAINS = new Set(['', 'ai.onnx', 'ai.onnx.ml']);

const MODEL = { graph: 7, function: 25 } as const;
const GRAPH = { node: 1 } as const;
const NODE = { operator: 4, domain: 7 } as const;

/** Whether a model, given as the bytes of its file, has bounded operators only and no functions of its own. */
export function hasBoundedOperators(model: Uint8Array): boolean {
  const fields = [...protobufFields(model)];
  if (fields.some(({ number }) => number === MODEL.function)) return false;
  return fields
    .filter(({ number }) => number === MODEL.graph)
    .every((graph) => nodesOf(graph).every(isBounded));
}

function nodesOf(graph: ProtobufField): ProtobufField[] {
  return graph.kind === 'bytes'
    ? [...protobufFields(graph.bytes)].filter(({ number }) => number === GRAPH.node)
    : [];
}

function isBounded(node: ProtobufField): boolean {
  if (node.kind !== 'bytes') return false;
  const texts = new Map<number, string>();
  for (const field of protobufFields(node.bytes)) {
    if (field.kind === 'bytes' && (field.number === NODE.operator || field.number === NODE.domain))
      texts.set(field.number, Buffer.from(field.bytes).toString('utf8'));
  }
  return BOUNDED.has(texts.get(NODE.operator) ?? '') && DOMAINS.has(texts.get(NODE.domain) ?? '');
}
