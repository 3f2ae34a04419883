import { elementAt } from '../element-at';
import { halfToNumber } from '../quantisation/half';
import type { ByteSource, GgufTensor } from './types';

/** The values of a one-dimensional tensor of F32, F16 or BF16. Rejects as the source does. */
export async function readVector(
  sources: readonly ByteSource[],
  tensor: GgufTensor,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const bytes = await elementAt(sources, tensor.part).read(tensor.offset, tensor.bytes, signal);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = elementAt(tensor.dimensions, 0);
  if (tensor.type === 'F32')
    return Float32Array.from({ length: count }, (_, i) => view.getFloat32(4 * i, true));
  if (tensor.type === 'BF16') {
    const bits = Uint32Array.from({ length: count }, (_, i) => view.getUint16(2 * i, true) << 16);
    return new Float32Array(bits.buffer);
  }
  return Float32Array.from({ length: count }, (_, i) => halfToNumber(view.getUint16(2 * i, true)));
}
