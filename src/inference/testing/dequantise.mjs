// Scalar dequantisation of every tensor type: the reference that kernels and scripts are checked against.
// Written from the block layouts in ggml-common.h and `dequantize_row_*` in ggml-quants.c.

import { decodeBfloat16, decodeFloat16 } from './float16.mjs';
import { TENSOR_TYPES } from './gguf-writer.mjs';

/** @typedef {(view: DataView, at: number, output: Float32Array, start: number) => void} BlockDecoder */

/** 4-bit quants, low nibbles first half; `high` gives the fifth bit. @returns {BlockDecoder} */
function legacyBlock(/** @type {{ bits: 4 | 5, hasMinimum: boolean }} */ { bits, hasMinimum }) {
  return (view, at, output, start) => {
    const scale = decodeFloat16(view.getUint16(at, true));
    const minimum = hasMinimum ? decodeFloat16(view.getUint16(at + 2, true)) : 0;
    let quants = at + (hasMinimum ? 4 : 2);
    const high = bits === 5 ? view.getUint32(quants, true) : 0;
    if (bits === 5) quants += 4;
    const zero = hasMinimum ? 0 : 1 << (bits - 1);
    for (let index = 0; index < 16; index++) {
      const byte = view.getUint8(quants + index);
      const low = (byte & 15) | (((high >>> index) & 1) << 4);
      const upper = (byte >>> 4) | (((high >>> (index + 16)) & 1) << 4);
      output[start + index] = scale * (low - zero) + minimum;
      output[start + index + 16] = scale * (upper - zero) + minimum;
    }
  };
}

/** Six-bit scale and minimum `index` of the 12 packed bytes of Q4_K and Q5_K. @param {DataView} view @param {number} at @param {number} index */
function packedScale(view, at, index) {
  const byte = (/** @type {number} */ offset) => view.getUint8(at + offset);
  if (index < 4) return [byte(index) & 63, byte(index + 4) & 63];
  return [
    (byte(index + 4) & 15) | ((byte(index - 4) >>> 6) << 4),
    (byte(index + 4) >>> 4) | ((byte(index) >>> 6) << 4),
  ];
}

/** @type {Record<string, BlockDecoder>} */
const DECODERS = {
  F32: (view, at, output, start) => (output[start] = view.getFloat32(at, true)),
  F16: (view, at, output, start) => (output[start] = decodeFloat16(view.getUint16(at, true))),
  BF16: (view, at, output, start) => (output[start] = decodeBfloat16(view.getUint16(at, true))),
  Q4_0: legacyBlock({ bits: 4, hasMinimum: false }),
  Q4_1: legacyBlock({ bits: 4, hasMinimum: true }),
  Q5_0: legacyBlock({ bits: 5, hasMinimum: false }),
  Q5_1: legacyBlock({ bits: 5, hasMinimum: true }),
  Q8_0(view, at, output, start) {
    const scale = decodeFloat16(view.getUint16(at, true));
    for (let index = 0; index < 32; index++) output[start + index] = scale * view.getInt8(at + 2 + index);
  },
  Q2_K(view, at, output, start) {
    const scale = decodeFloat16(view.getUint16(at + 80, true));
    const minimum = decodeFloat16(view.getUint16(at + 82, true));
    for (let index = 0; index < 256; index++) {
      const group = view.getUint8(at + (index >> 4));
      const byte = view.getUint8(at + 16 + (index >> 7) * 32 + (index & 31));
      const quant = (byte >>> (((index >> 5) & 3) * 2)) & 3;
      output[start + index] = scale * (group & 15) * quant - minimum * (group >>> 4);
    }
  },
  Q3_K(view, at, output, start) {
    const scale = decodeFloat16(view.getUint16(at + 108, true));
    for (let index = 0; index < 256; index++) {
      const group = index >> 4;
      // Low four bits of the scales in bytes 0-7, high two bits in bytes 8-11.
      const low = view.getUint8(at + 96 + (group & 7)) >>> (group < 8 ? 0 : 4);
      const high = view.getUint8(at + 104 + (group & 3)) >>> ((group >> 2) * 2);
      const groupScale = ((low & 15) | ((high & 3) << 4)) - 32;
      const byte = view.getUint8(at + 32 + (index >> 7) * 32 + (index & 31));
      const quant = (byte >>> (((index >> 5) & 3) * 2)) & 3;
      const isHigh = (view.getUint8(at + (index & 31)) >>> (index >> 5)) & 1;
      output[start + index] = scale * groupScale * (quant - (isHigh ? 0 : 4));
    }
  },
  Q4_K(view, at, output, start) {
    const scale = decodeFloat16(view.getUint16(at, true));
    const minimum = decodeFloat16(view.getUint16(at + 2, true));
    for (let index = 0; index < 256; index++) {
      const group = index >> 5;
      const [groupScale = 0, groupMinimum = 0] = packedScale(view, at + 4, group);
      const byte = view.getUint8(at + 16 + (index >> 6) * 32 + (index & 31));
      const quant = group & 1 ? byte >>> 4 : byte & 15;
      output[start + index] = scale * groupScale * quant - minimum * groupMinimum;
    }
  },
  Q5_K(view, at, output, start) {
    const scale = decodeFloat16(view.getUint16(at, true));
    const minimum = decodeFloat16(view.getUint16(at + 2, true));
    for (let index = 0; index < 256; index++) {
      const group = index >> 5;
      const [groupScale = 0, groupMinimum = 0] = packedScale(view, at + 4, group);
      const byte = view.getUint8(at + 48 + (index >> 6) * 32 + (index & 31));
      const high = (view.getUint8(at + 16 + (index & 31)) >>> group) & 1;
      const quant = (group & 1 ? byte >>> 4 : byte & 15) | (high << 4);
      output[start + index] = scale * groupScale * quant - minimum * groupMinimum;
    }
  },
  Q6_K(view, at, output, start) {
    const scale = decodeFloat16(view.getUint16(at + 208, true));
    for (let index = 0; index < 256; index++) {
      const half = index >> 7;
      const quarter = (index >> 5) & 3;
      const low = view.getUint8(at + half * 64 + (quarter & 1) * 32 + (index & 31)) >>> (quarter < 2 ? 0 : 4);
      const high = view.getUint8(at + 128 + half * 32 + (index & 31)) >>> (quarter * 2);
      const quant = ((low & 15) | ((high & 3) << 4)) - 32;
      output[start + index] = scale * view.getInt8(at + 192 + (index >> 4)) * quant;
    }
  },
  IQ4_NL: (view, at, output, start) =>
    namedValues(view, at + 2, IQ4_VALUES, decodeFloat16(view.getUint16(at, true)), output, start),
  IQ4_XS(view, at, output, start) {
    const scale = decodeFloat16(view.getUint16(at, true));
    for (let group = 0; group < 8; group++) {
      const low = (view.getUint8(at + 4 + (group >> 1)) >>> (group & 1 ? 4 : 0)) & 15;
      const high = (view.getUint16(at + 2, true) >>> (2 * group)) & 3;
      const groupScale = (low | (high << 4)) - 32;
      namedValues(view, at + 8 + 16 * group, IQ4_VALUES, scale * groupScale, output, start + 32 * group);
    }
  },
  MXFP4: (view, at, output, start) =>
    namedValues(view, at + 1, E2M1_VALUES, 2 ** (view.getUint8(at) - 127), output, start),
};

/** ggml-common.h, kvalues_iq4nl. */
const IQ4_VALUES = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
/** E2M1: one bit of sign, two of exponent, one of mantissa (OCP Microscaling Formats 1.0). */
const E2M1_VALUES = [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, -1, -1.5, -2, -3, -4, -6];

/** 32 values that nibbles name: low ones first. @param {DataView} view @param {number} quants @param {readonly number[]} values @param {number} scale @param {Float32Array} output @param {number} start */
function namedValues(view, quants, values, scale, output, start) {
  for (let index = 0; index < 16; index++) {
    const byte = view.getUint8(quants + index);
    output[start + index] = scale * (values[byte & 15] ?? NaN);
    output[start + index + 16] = scale * (values[byte >>> 4] ?? NaN);
  }
}

/** The values of tensor data. @param {string} type @param {Uint8Array} data */
export function dequantise(type, data) {
  const decode = DECODERS[type];
  const known = TENSOR_TYPES[type];
  if (!decode || !known) throw new Error(`cannot dequantise ${type}`);
  const [, values, blockBytes] = known;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const output = new Float32Array((data.length / blockBytes) * values);
  for (let block = 0; block * blockBytes < data.length; block++)
    decode(view, block * blockBytes, output, block * values);
  return output;
}
