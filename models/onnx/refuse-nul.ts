import type { Tensor } from '../codecs/tensor.ts';
import { ModelError } from './model-error.ts';

/** The binding hands strings over as C does: a NUL would silently cut the rest off. Throws `bad-input`. */
export function refuseNul(inputs: readonly Tensor[]): void {
  for (const { name, datatype, data } of inputs) {
    if (datatype !== 'BYTES' || ArrayBuffer.isView(data)) continue;
    const index = data.findIndex((text) => text.includes('\0'));
    if (index === -1) continue;
    throw new ModelError(
      'bad-input',
      `input ${JSON.stringify(name)}: element ${index} holds a NUL, which models cannot take`,
    );
  }
}
