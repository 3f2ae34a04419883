// Makes a Q8_0 or F32 model of another one: `node bench/requantise.mjs model.Q4_1.gguf model.Q8_0.gguf [F32]`.
// Matrices are dequantised and, for Q8_0, quantised as `quantize_row_q8_0_ref` of ggml-quants.c does; all else is copied.
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { dequantise } from '../src/simd/testing/dequantise.mjs';
import { encodeFloat16 } from '../src/simd/testing/float16.mjs';
import { encodeGgufHeader, tensorBytes } from '../src/simd/testing/gguf-writer.mjs';
import { encodeFloats } from '../src/simd/testing/random-blocks.mjs';
import { readGguf } from './read-gguf.mjs';

const FILE_TYPES = { Q8_0: 7, F32: 0 }; // llama.h, `enum llama_ftype`
const CHUNK_VALUES = 1 << 20;

function quantiseQ8(values) {
  const bytes = new Uint8Array((values.length / 32) * 34);
  const view = new DataView(bytes.buffer);
  for (let block = 0; block < values.length / 32; block++) {
    const part = values.subarray(block * 32, block * 32 + 32);
    const scale = part.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127;
    view.setUint16(block * 34, encodeFloat16(scale), true);
    if (scale === 0) continue;
    for (const [index, value] of part.entries()) {
      // roundf: halves away from zero.
      const quotient = value / scale;
      view.setInt8(block * 34 + 2 + index, Math.sign(quotient) * Math.floor(Math.abs(quotient) + 0.5));
    }
  }
  return bytes;
}

/** GGUF entries of parsed metadata, types from the values: enough for the keys that models have. */
export function entriesOf(metadata, changes = {}) {
  const arrayTypes = {
    Int32Array: 'i32',
    Uint32Array: 'u32',
    Float32Array: 'f32',
    Float64Array: 'f64',
    Uint8Array: 'u8',
  };
  return [...metadata].map(([key, original]) => {
    const value = changes[key] ?? original;
    if (typeof value === 'string') return { key, type: 'str', value };
    if (typeof value === 'boolean') return { key, type: 'bool', value };
    if (Array.isArray(value)) return { key, array: 'str', value };
    if (typeof value === 'object') return { key, array: arrayTypes[value.constructor.name], value };
    const isFloat = /epsilon|freq_base|scale|factor|value_weight/.test(key) || !Number.isInteger(value);
    return { key, type: isFloat ? 'f32' : 'u32', value };
  });
}

/** Writes the model at `from` with all its matrices of type `wanted` to `to`. */
export async function requantise(from, to, wanted = 'Q8_0') {
  const { metadata, tensors, source } = await readGguf(from);
  const plans = tensors.map(({ name, dimensions, type, bytes }) => {
    const isMatrix = dimensions.length > 1 && type !== wanted;
    const target = isMatrix ? wanted : type;
    return { name, dimensions, type: target, bytes: isMatrix ? tensorBytes(wanted, dimensions) : bytes };
  });
  const entries = entriesOf(metadata, { 'general.file_type': FILE_TYPES[wanted] });
  const { header, offsets, dataBytes } = encodeGgufHeader({ entries, tensors: plans });
  const file = openSync(to, 'w');
  writeSync(file, header, 0, header.length, 0);
  for (const [index, tensor] of tensors.entries()) {
    const data = await source.read(tensor.offset, tensor.bytes);
    let at = header.length + offsets[index];
    if (tensor.type === plans[index].type) {
      writeSync(file, data, 0, data.length, at);
      continue;
    }
    const rowBytes = tensorBytes(tensor.type, [tensor.dimensions[0]]);
    const rows = Math.max(1, Math.floor(CHUNK_VALUES / tensor.dimensions[0]));
    for (let start = 0; start < data.length; start += rows * rowBytes) {
      const values = dequantise(tensor.type, data.subarray(start, start + rows * rowBytes));
      const part = wanted === 'F32' ? encodeFloats('F32', values) : quantiseQ8(values);
      writeSync(file, part, 0, part.length, at);
      at += part.length;
    }
  }
  // The padding after the last tensor belongs to the file.
  ftruncateSync(file, header.length + dataBytes);
  closeSync(file);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [from, to, wanted] = process.argv.slice(2);
  if (!from || !to) throw new Error('usage: node bench/requantise.mjs model.gguf model.Q8_0.gguf');
  await requantise(from, to, wanted);
}
