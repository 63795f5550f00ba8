import type { Datatype, Signature, TensorSpec } from './tensor.ts';

interface DescribedModel {
  readonly name: string;
  readonly versions: readonly string[];
  readonly signature: Signature;
}

/** What every model here runs on, as the protocol's clients know it. */
const PLATFORM = 'onnx_onnxv1';

/** The protocol's "Model Metadata Response JSON Object". */
export function modelMetadata({ name, versions, signature }: DescribedModel) {
  return { name, versions, platform: PLATFORM, inputs: signature.inputs, outputs: signature.outputs };
}

/** `FP32` is `TYPE_FP32` in a model configuration, and `BYTES` is `TYPE_STRING`. */
function configurationOf({ name, datatype, shape }: TensorSpec) {
  const type: Datatype | 'STRING' = datatype === 'BYTES' ? 'STRING' : datatype;
  return { name, data_type: `TYPE_${type}`, dims: shape };
}

/**
 * The answer to `/config`: Triton's model configuration in JSON (model_config.proto), as far as it has a meaning
 * here. `maxBatchSize` 0: dimensions are as the model has them, with no batch dimension left out, which is how
 * the tensors of a request are to be shaped.
 */
export function modelConfig({ name, versions, signature }: DescribedModel) {
  return {
    name,
    platform: PLATFORM,
    backend: 'onnxruntime',
    version_policy: { specific: { versions } },
    max_batch_size: 0,
    input: signature.inputs.map(configurationOf),
    output: signature.outputs.map(configurationOf),
  };
}
