import { type Datatype, TENSOR_ARRAYS, type Tensor, type TensorData } from './tensor.ts';

type Result = { readonly data: TensorData } | { readonly problem: string };

const LENGTH_BYTES = 4;

/**
 * A tensor's elements from their binary form: little-endian, row-major; BYTES elements as a 32-bit length and
 * that many bytes. The data has memory of its own. Source: Triton, "Binary Tensor Data Extension".
 */
export function readBinaryData(datatype: Datatype, bytes: Uint8Array, count: number): Result {
  if (datatype === 'BYTES') return readTexts(bytes, count);
  const array = TENSOR_ARRAYS[datatype];
  const expected = count * array.BYTES_PER_ELEMENT;
  if (bytes.length !== expected) {
    return {
      problem: `${count} elements of ${datatype} have ${expected} bytes, binary_data_size says ${bytes.length}`,
    };
  }
  if (datatype === 'BOOL') {
    const wrong = bytes.findIndex((byte) => byte > 1);
    if (wrong !== -1)
      return { problem: `element ${wrong} is the byte ${bytes[wrong]}; it must be 0 or 1 (BOOL)` };
  }
  // A copy: the body is not aligned, and a view would carry all of it along to whoever gets the tensor.
  return { data: new array(new Uint8Array(bytes).buffer) };
}

function readTexts(bytes: Uint8Array, count: number): Result {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const data: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const start = at + LENGTH_BYTES;
    const end = start > bytes.length ? start : start + view.getUint32(at, true);
    if (end > bytes.length) return { problem: `element ${data.length} ends beyond binary_data_size` };
    if (data.length === count) return { problem: `holds more than the ${count} elements of its shape` };
    try {
      data.push(decoder.decode(bytes.subarray(start, end)));
    } catch {
      return { problem: `element ${data.length} is not UTF-8: models take text here` };
    }
    at = end;
  }
  if (data.length < count) return { problem: `holds ${data.length} of the ${count} elements of its shape` };
  return { data };
}

/** The binary form of a tensor's elements. */
export function writeBinaryData({ data }: Tensor): Uint8Array {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const texts = Array.from(data, (text) => Buffer.from(text));
  const bytes = Buffer.alloc(texts.reduce((sum, text) => sum + LENGTH_BYTES + text.length, 0));
  let at = 0;
  for (const text of texts) {
    at = bytes.writeUInt32LE(text.length, at);
    at += text.copy(bytes, at);
  }
  return bytes;
}
