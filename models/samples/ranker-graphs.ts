import { inputName, NUMBERS } from './features.ts';
import type { LinearRanker } from './linear-ranker.ts';
import { floatTensor, int, intTensor, node, onnxModel, tableNode, treesNode } from './onnx-graph.ts';
import type { TreeRanker } from './tree-ranker.ts';

/** v1: one table look-up per used category, and their sum with the intercept. */
export function linearRankerModel({ intercept, effects }: LinearRanker): Uint8Array {
  const outputs = effects.map(({ category }) => `${inputName(category)}_effect`);
  return onnxModel({
    name: 'movie-ranker-linear',
    initializers: [floatTensor('intercept', [intercept])],
    nodes: [
      ...effects.map((table, index) => tableNode(table, outputs[index] ?? '')),
      node('Sum', { inputs: ['intercept', ...outputs], output: 'score' }),
    ],
  });
}

/** v2: every feature becomes a column of [films, features], and a forest scores its rows. */
export function treeRankerModel({ encodings, boosted }: TreeRanker): Uint8Array {
  const encoded = encodings.map((table) => ({ table, output: `${inputName(table.category)}_encoded` }));
  const vectors = [...encoded.map(({ output }) => output), ...NUMBERS.map(inputName)];
  const columns = vectors.map((vector) => `${vector}_column`);
  return onnxModel({
    name: 'movie-ranker-trees',
    initializers: [intTensor('second_axis', [1])],
    nodes: [
      ...encoded.map(({ table, output }) => tableNode(table, output)),
      ...vectors.map((vector) =>
        node('Unsqueeze', { inputs: [vector, 'second_axis'], output: `${vector}_column` }),
      ),
      node('Concat', { inputs: columns, output: 'rows' }, [int('axis', 1)]),
      treesNode(boosted, { input: 'rows', output: 'scores' }),
      node('Squeeze', { inputs: ['scores', 'second_axis'], output: 'score' }),
    ],
  });
}
