import { elementAt } from '../element-at';
import { halfToNumber } from '../quantisation/half';
import type { ByteSource, GgufTensor } from './types';

/** The values, in file order, of a tensor of F32, F16 or BF16. Rejects as the source does. */
export async function readVector(
  sources: readonly ByteSource[],
  tensor: GgufTensor,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const bytes = await elementAt(sources, tensor.part).read(tensor.offset, tensor.bytes, signal);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = tensor.dimensions.reduce((a, b) => a * b, 1);
  if (tensor.type === 'F32')
    return Float32Array.from({ length: count }, (_, i) => view.getFloat32(4 * i, true));
  if (tensor.type === 'BF16') {
    const bits = Uint32Array.from({ length: count }, (_, i) => view.getUint16(2 * i, true) << 16);
    return new Float32Array(bits.buffer);
  }
  return Float32Array.from({ length: count }, (_, i) => halfToNumber(view.getUint16(2 * i, true)));
}
