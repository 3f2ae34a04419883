// Writes GGUF files for tests and benchmarks. Plain JavaScript, so that Node scripts run it without a build.
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

/**
 * @typedef {'u8'|'i8'|'u16'|'i16'|'u32'|'i32'|'f32'|'bool'|'str'|'u64'|'i64'|'f64'} GgufScalarType
 * @typedef {{ key: string, type: GgufScalarType, value: number | string | boolean }
 *   | { key: string, array: GgufScalarType, value: ArrayLike<number | string | boolean> }} GgufEntry
 * @typedef {{ name: string, dimensions: readonly number[], type: string, bytes: number }} GgufTensorPlan
 * @typedef {{ name: string, dimensions: readonly number[], type: string, data: Uint8Array }} GgufTensorData
 */

/** @type {Record<GgufScalarType, number>} */
const VALUE_TYPES = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  bool: 7,
  str: 8,
  u64: 10,
  i64: 11,
  f64: 12,
};

/** @type {Record<Exclude<GgufScalarType, 'str'>, number>} */
const VALUE_BYTES = { u8: 1, i8: 1, bool: 1, u16: 2, i16: 2, u32: 4, i32: 4, f32: 4, u64: 8, i64: 8, f64: 8 };

/** [id, values per block, bytes per block] of the types that can be written. */
/** @type {Record<string, readonly [number, number, number]>} */
export const TENSOR_TYPES = {
  F32: [0, 1, 4],
  F16: [1, 1, 2],
  Q4_0: [2, 32, 18],
  Q4_1: [3, 32, 20],
  Q5_0: [6, 32, 22],
  Q5_1: [7, 32, 24],
  Q8_0: [8, 32, 34],
  Q2_K: [10, 256, 84],
  Q3_K: [11, 256, 110],
  Q4_K: [12, 256, 144],
  Q5_K: [13, 256, 176],
  Q6_K: [14, 256, 210],
  BF16: [30, 1, 2],
  IQ4_NL: [20, 32, 18],
  IQ4_XS: [23, 256, 136],
  MXFP4: [39, 32, 17],
};

/** Bytes of a tensor. @param {string} type @param {readonly number[]} dimensions */
export function tensorBytes(type, dimensions) {
  const known = TENSOR_TYPES[type];
  if (!known) throw new Error(`unknown tensor type ${type}`);
  return (dimensions.reduce((a, b) => a * b, 1) / known[1]) * known[2];
}

class ByteWriter {
  bytes = new Uint8Array(1 << 16);
  view = new DataView(this.bytes.buffer);
  length = 0;
  encoder = new TextEncoder();

  /** @param {number} count */
  reserve(count) {
    if (this.length + count > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count));
      grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    }
    const at = this.length;
    this.length += count;
    return at;
  }

  /** @param {GgufScalarType} type @param {number | string | boolean} value */
  write(type, value) {
    if (type === 'str') {
      const text = this.encoder.encode(String(value));
      this.write('u64', text.length);
      const at = this.reserve(text.length);
      this.bytes.set(text, at);
      return;
    }
    // First, because it may replace the view.
    const at = this.reserve(VALUE_BYTES[type]);
    const { view } = this;
    const number = Number(value);
    if (type === 'u8' || type === 'bool') view.setUint8(at, number);
    else if (type === 'i8') view.setInt8(at, number);
    else if (type === 'u16') view.setUint16(at, number, true);
    else if (type === 'i16') view.setInt16(at, number, true);
    else if (type === 'u32') view.setUint32(at, number, true);
    else if (type === 'i32') view.setInt32(at, number, true);
    else if (type === 'f32') view.setFloat32(at, number, true);
    else if (type === 'f64') view.setFloat64(at, number, true);
    else view.setBigInt64(at, BigInt(number), true);
  }
}

/**
 * The bytes before the tensor data, padded to where it starts, and each tensor's offset from there.
 * @param {{ version?: number, alignment?: number, entries: readonly GgufEntry[], tensors: readonly GgufTensorPlan[] }} file
 */
export function encodeGgufHeader({ version = 3, alignment = 32, entries, tensors }) {
  const out = new ByteWriter();
  out.write('u32', 0x46554747);
  out.write('u32', version);
  out.write('u64', tensors.length);
  out.write('u64', entries.length);
  for (const entry of entries) {
    out.write('str', entry.key);
    if ('array' in entry) {
      out.write('u32', 9);
      out.write('u32', VALUE_TYPES[entry.array]);
      out.write('u64', entry.value.length);
      for (const item of Array.from(entry.value)) out.write(entry.array, item);
    } else {
      out.write('u32', VALUE_TYPES[entry.type]);
      out.write(entry.type, entry.value);
    }
  }
  const offsets = [];
  let offset = 0;
  for (const { name, dimensions, type, bytes } of tensors) {
    out.write('str', name);
    out.write('u32', dimensions.length);
    for (const dimension of dimensions) out.write('u64', dimension);
    out.write('u32', TENSOR_TYPES[type]?.[0] ?? 0);
    out.write('u64', offset);
    offsets.push(offset);
    offset += Math.ceil(bytes / alignment) * alignment;
  }
  out.reserve(Math.ceil(out.length / alignment) * alignment - out.length);
  return { header: out.bytes.slice(0, out.length), offsets, dataBytes: offset };
}

/**
 * A whole GGUF file in memory; set `general.alignment` in `entries` too when `alignment` is not 32.
 * @param {{ version?: number, alignment?: number, entries: readonly GgufEntry[], tensors: readonly GgufTensorData[] }} file
 */
export function encodeGguf({ tensors, ...file }) {
  const plans = tensors.map(({ name, dimensions, type, data }) => ({
    name,
    dimensions,
    type,
    bytes: data.length,
  }));
  const { header, offsets, dataBytes } = encodeGgufHeader({ ...file, tensors: plans });
  const bytes = new Uint8Array(header.length + dataBytes);
  bytes.set(header);
  for (const [index, { data }] of tensors.entries()) bytes.set(data, header.length + (offsets[index] ?? 0));
  return bytes;
}
