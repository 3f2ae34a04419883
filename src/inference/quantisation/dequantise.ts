import { halfTable } from './half';
import { blockOf } from '../gguf/parse';
import type { GgufTensorType } from '../gguf/types';

type BlockReader = (view: DataView, at: number, output: Float32Array, to: number) => void;

const half = (view: DataView, at: number) => halfTable()[view.getUint16(at, true)] ?? NaN;

/** 32 codes of four or five bits, the first 16 in low nibbles; the fifth bits are a word before the nibbles. */
function nibbleBlock(bits: 4 | 5, hasMinimum: boolean): BlockReader {
  const zero = hasMinimum ? 0 : 1 << (bits - 1);
  const codesAt = (hasMinimum ? 4 : 2) + (bits === 5 ? 4 : 0);
  return (view, at, output, to) => {
    const scale = half(view, at);
    const minimum = hasMinimum ? half(view, at + 2) : 0;
    const fifth = bits === 5 ? view.getUint32(at + codesAt - 4, true) : 0;
    for (let index = 0; index < 16; index++) {
      const byte = view.getUint8(at + codesAt + index);
      const first = (byte & 15) | ((fifth >>> index) & 1 ? 16 : 0);
      const second = (byte >>> 4) | ((fifth >>> (index + 16)) & 1 ? 16 : 0);
      output[to + index] = scale * (first - zero) + minimum;
      output[to + 16 + index] = scale * (second - zero) + minimum;
    }
  };
}

/** Q4_K and Q5_K: eight groups of 32 with six-bit scales and minimums packed in 12 bytes. */
function superBlock(bits: 4 | 5): BlockReader {
  const fifthAt = 16;
  const codesAt = bits === 5 ? 48 : 16;
  return (view, at, output, to) => {
    const scale = half(view, at);
    const minimum = half(view, at + 2);
    for (let group = 0; group < 8; group++) {
      const low = view.getUint8(at + 4 + group);
      let groupScale = low & 63;
      let groupMinimum = view.getUint8(at + 4 + ((group + 4) % 12)) & 63;
      if (group >= 4) {
        const packed = view.getUint8(at + 8 + group);
        groupScale = (packed & 15) | ((view.getUint8(at + group) >>> 6) << 4);
        groupMinimum = (packed >>> 4) | ((low >>> 6) << 4);
      }
      const a = scale * groupScale;
      const b = minimum * groupMinimum;
      const shift = (group & 1) * 4;
      for (let index = 0; index < 32; index++) {
        let code = (view.getUint8(at + codesAt + (group >> 1) * 32 + index) >>> shift) & 15;
        if (bits === 5 && (view.getUint8(at + fifthAt + index) >>> group) & 1) code += 16;
        output[to + group * 32 + index] = a * code - b;
      }
    }
  };
}

/** The two-bit codes of Q2_K and Q3_K: 32 bytes serve four groups of 32 values, two bits each. */
const twoBits = (view: DataView, codesAt: number, index: number) =>
  (view.getUint8(codesAt + (index >> 7) * 32 + (index & 31)) >>> (((index >> 5) & 3) * 2)) & 3;

/** The values that codes of IQ4_NL and IQ4_XS name (kvalues_iq4nl). */
const IQ4_VALUES = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
/** E2M1 (OCP Microscaling Formats 1.0): what codes of MXFP4 name. */
const E2M1_VALUES = [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, -1, -1.5, -2, -3, -4, -6];

/** 32 codes that name values, the first 16 in low nibbles. */
function readNamed(
  view: DataView,
  codesAt: number,
  values: readonly number[],
  scale: number,
  output: Float32Array,
  to: number,
): void {
  for (let index = 0; index < 16; index++) {
    const byte = view.getUint8(codesAt + index);
    output[to + index] = scale * (values[byte & 15] ?? NaN);
    output[to + 16 + index] = scale * (values[byte >>> 4] ?? NaN);
  }
}

const READERS: Partial<Record<GgufTensorType, BlockReader>> = {
  F32: (view, at, output, to) => (output[to] = view.getFloat32(at, true)),
  F16: (view, at, output, to) => (output[to] = half(view, at)),
  Q4_0: nibbleBlock(4, false),
  Q4_1: nibbleBlock(4, true),
  Q5_0: nibbleBlock(5, false),
  Q5_1: nibbleBlock(5, true),
  Q8_0(view, at, output, to) {
    const scale = half(view, at);
    for (let index = 0; index < 32; index++) output[to + index] = scale * view.getInt8(at + 2 + index);
  },
  Q2_K(view, at, output, to) {
    const scale = half(view, at + 80);
    const minimum = half(view, at + 82);
    for (let index = 0; index < 256; index++) {
      const packed = view.getUint8(at + (index >> 4));
      output[to + index] = scale * (packed & 15) * twoBits(view, at + 16, index) - minimum * (packed >>> 4);
    }
  },
  Q3_K(view, at, output, to) {
    const scale = half(view, at + 108);
    for (let index = 0; index < 256; index++) {
      const group = index >> 4;
      const low = (view.getUint8(at + 96 + (group & 7)) >>> (group >> 3 ? 4 : 0)) & 15;
      const high = (view.getUint8(at + 104 + (group & 3)) >>> ((group >> 2) * 2)) & 3;
      const isHigh = (view.getUint8(at + (index & 31)) >>> (index >> 5)) & 1;
      const code = twoBits(view, at + 32, index) - (isHigh ? 0 : 4);
      output[to + index] = scale * ((low | (high << 4)) - 32) * code;
    }
  },
  Q4_K: superBlock(4),
  Q5_K: superBlock(5),
  Q6_K(view, at, output, to) {
    const scale = half(view, at + 208);
    for (let index = 0; index < 256; index++) {
      const part = index >> 7;
      const quarter = (index >> 5) & 3;
      const low = view.getUint8(at + part * 64 + (index & 63)) >>> (quarter >> 1 ? 4 : 0);
      const high = view.getUint8(at + 128 + part * 32 + (index & 31)) >>> (quarter * 2);
      const code = ((low & 15) | ((high & 3) << 4)) - 32;
      output[to + index] = scale * view.getInt8(at + 192 + (index >> 4)) * code;
    }
  },
  BF16(view, at, output, to) {
    bits[0] = view.getUint16(at, true) << 16;
    output[to] = bitsAsFloat[0] ?? NaN;
  },
  IQ4_NL: (view, at, output, to) => readNamed(view, at + 2, IQ4_VALUES, half(view, at), output, to),
  IQ4_XS(view, at, output, to) {
    for (let group = 0; group < 8; group++) {
      const low = (view.getUint8(at + 4 + (group >> 1)) >>> ((group & 1) * 4)) & 15;
      const high = (view.getUint16(at + 2, true) >>> (group * 2)) & 3;
      const scale = half(view, at) * ((low | (high << 4)) - 32);
      readNamed(view, at + 8 + group * 16, IQ4_VALUES, scale, output, to + group * 32);
    }
  },
  MXFP4: (view, at, output, to) =>
    readNamed(view, at + 1, E2M1_VALUES, 2 ** (view.getUint8(at) - 127), output, to),
};

const bits = new Uint32Array(1);
const bitsAsFloat = new Float32Array(bits.buffer);

/** Whether `dequantise` knows the type. */
export function canDequantise(type: GgufTensorType): boolean {
  return READERS[type] !== undefined;
}

/**
 * The values of whole blocks of a tensor. Block layouts: ggml-common.h; what they mean: `dequantize_row_*` in
 * ggml-quants.c.
 */
export function dequantise(type: GgufTensorType, bytes: Uint8Array): Float32Array {
  const read = READERS[type];
  if (read === undefined) throw new RangeError(`cannot dequantise ${type}`);
  const block = blockOf(type);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocks = Math.floor(bytes.length / block.bytes);
  const output = new Float32Array(blocks * block.values);
  for (let index = 0; index < blocks; index++) read(view, index * block.bytes, output, index * block.values);
  return output;
}
