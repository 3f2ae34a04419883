// Makes a model of another type: `node bench/requantise.mjs model.Q4_1.gguf model.Q8_0.gguf [Q8_0|F32|F16|Q4_0|...]`.
// Matrices are dequantised and quantised anew; all else is copied.
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { dequantise } from '../src/inference/testing/dequantise.mjs';
import { encodeGgufHeader, tensorBytes } from '../src/inference/testing/gguf-writer.mjs';
import { typeOf } from './make-shape-model.mjs';
import { quantise } from './quantise.mjs';
import { readGguf } from './read-gguf.mjs';

/** llama.h, `enum llama_ftype`. */
const FILE_TYPES = {
  F32: 0,
  F16: 1,
  Q4_0: 2,
  Q4_1: 3,
  Q8_0: 7,
  Q5_0: 8,
  Q5_1: 9,
  Q4_K_M: 15,
  Q6_K: 18,
  BF16: 32,
};
/** What llama.cpp takes for rows that are not whole blocks of 256 (llama-quant.cpp). */
const FALLBACKS = { Q4_K: 'Q5_0', Q6_K: 'Q8_0' };
const CHUNK_VALUES = 1 << 20;

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

/** Type of a matrix in a model of a type or of the mix Q4_K_M, as llama.cpp chooses. A tied embedding is the output. */
function targetOf(wanted, { name, dimensions }, layers) {
  const layer = Number(/^blk\.(\d+)\./.exec(name)?.[1] ?? -1);
  const asked = wanted === 'Q4_K_M' && name === 'token_embd.weight' ? 'output.weight' : name;
  const type = wanted === 'Q4_K_M' ? typeOf(wanted, asked, layer, layers) : wanted;
  return dimensions[0] % 256 === 0 ? type : (FALLBACKS[type] ?? type);
}

/** Writes the model at `from` with all its matrices of type `wanted` (or of the mix Q4_K_M) to `to`. */
export async function requantise(from, to, wanted = 'Q8_0') {
  const { metadata, tensors, source } = await readGguf(from);
  const layers = new Set(tensors.flatMap(({ name }) => /^blk\.\d+\./.exec(name) ?? [])).size;
  const plans = tensors.map((tensor) => {
    const { name, dimensions, type, bytes } = tensor;
    const target = dimensions.length > 1 ? targetOf(wanted, tensor, layers) : type;
    return {
      name,
      dimensions,
      type: target,
      bytes: target === type ? bytes : tensorBytes(target, dimensions),
    };
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
      const part = quantise(plans[index].type, values);
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
