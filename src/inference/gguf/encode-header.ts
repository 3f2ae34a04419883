import { GGUF_TENSOR_TYPES } from './types';
import type { GgufTensorType } from './types';

interface HeaderPlan {
  readonly version: number;
  readonly alignment: number;
  readonly entryCount: number;
  /** Metadata entries as in a file, key and all; a piece may hold several. */
  readonly entries: readonly Uint8Array[];
  /** In the order of their data. */
  readonly tensors: readonly {
    readonly name: string;
    readonly dimensions: readonly number[];
    readonly type: GgufTensorType;
    readonly bytes: number;
  }[];
}

const encoder = new TextEncoder();

/**
 * All bytes of a GGUF before its tensor data, padded to where that starts. Each tensor begins at the next multiple of
 * `alignment` after the one before. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export function encodeGgufHeader({
  version,
  alignment,
  entryCount,
  entries,
  tensors,
}: HeaderPlan): Uint8Array {
  const names = tensors.map(({ name }) => encoder.encode(name));
  const align = (bytes: number) => Math.ceil(bytes / alignment) * alignment;
  const tensorBytes = tensors.reduce(
    (sum, { dimensions }, index) => sum + 8 + (names[index]?.length ?? 0) + 4 + 8 * dimensions.length + 12,
    0,
  );
  const length = entries.reduce((sum, entry) => sum + entry.length, 24 + tensorBytes);
  const bytes = new Uint8Array(align(length));
  const view = new DataView(bytes.buffer);
  let at = 0;
  const u32 = (value: number) => {
    view.setUint32(at, value, true);
    at += 4;
  };
  const u64 = (value: number) => {
    view.setBigUint64(at, BigInt(value), true);
    at += 8;
  };
  const put = (part: Uint8Array) => {
    bytes.set(part, at);
    at += part.length;
  };
  u32(0x46554747);
  u32(version);
  u64(tensors.length);
  u64(entryCount);
  entries.forEach(put);
  let offset = 0;
  tensors.forEach((tensor, index) => {
    const name = names[index] ?? new Uint8Array(0);
    u64(name.length);
    put(name);
    u32(tensor.dimensions.length);
    tensor.dimensions.forEach(u64);
    u32(GGUF_TENSOR_TYPES[tensor.type][0]);
    u64(offset);
    offset += align(tensor.bytes);
  });
  return bytes;
}
