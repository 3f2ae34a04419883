import { blockOf } from '../gguf/parse';
import { numberToBfloat16, numberToHalf } from './half';

/** Writes the block of `values` that starts at `from`. */
type BlockWriter = (values: Float32Array, from: number, view: DataView, at: number) => void;

const f32 = Math.fround;

/** The value of greatest magnitude, with its sign. */
function extreme(values: Float32Array, from: number): number {
  let most = 0;
  for (let index = from; index < from + 32; index++) {
    const value = values[index] ?? 0;
    if (Math.abs(value) > Math.abs(most)) most = value;
  }
  return most;
}

/** Puts 32 codes of four or five bits: the fifth bits in a word of their own, then nibbles, the first 16 low. */
function putCodes(codes: Uint8Array, bits: 4 | 5, view: DataView, at: number): void {
  let nibblesAt = at;
  if (bits === 5) {
    let fifth = 0;
    for (let index = 0; index < 32; index++) fifth |= ((codes[index] ?? 0) >>> 4) << index;
    view.setUint32(at, fifth >>> 0, true);
    nibblesAt += 4;
  }
  for (let index = 0; index < 16; index++) {
    view.setUint8(nibblesAt + index, ((codes[index] ?? 0) & 15) | (((codes[index + 16] ?? 0) & 15) << 4));
  }
}

const codes = new Uint8Array(32);

/** Codes around zero: the value of greatest magnitude gets the code 0 and is kept exactly, up to the scale's rounding. */
function signedBlock(bits: 4 | 5): BlockWriter {
  const zero = 1 << (bits - 1);
  const top = (1 << bits) - 1;
  return (values, from, view, at) => {
    const scale = f32(extreme(values, from) / -zero);
    const inverse = scale === 0 ? 0 : f32(1 / scale);
    view.setUint16(at, numberToHalf(scale), true);
    for (let index = 0; index < 32; index++) {
      const level = f32(f32((values[from + index] ?? 0) * inverse) + (zero + 0.5));
      codes[index] = Math.min(top, Math.trunc(level));
    }
    putCodes(codes, bits, view, at + 2);
  };
}

/** Codes above a minimum. */
function minimumBlock(bits: 4 | 5): BlockWriter {
  const top = (1 << bits) - 1;
  return (values, from, view, at) => {
    let least = Infinity;
    let most = -Infinity;
    for (let index = from; index < from + 32; index++) {
      const value = values[index] ?? 0;
      if (value < least) least = value;
      if (value > most) most = value;
    }
    const scale = f32(f32(most - least) / top);
    const inverse = scale === 0 ? 0 : f32(1 / scale);
    view.setUint16(at, numberToHalf(scale), true);
    view.setUint16(at + 2, numberToHalf(least), true);
    for (let index = 0; index < 32; index++) {
      const level = f32(f32(f32((values[from + index] ?? 0) - least) * inverse) + 0.5);
      codes[index] = Math.min(top, Math.trunc(level));
    }
    putCodes(codes, bits, view, at + 4);
  };
}

const WRITERS = {
  F32: (values, from, view, at) => view.setFloat32(at, values[from] ?? 0, true),
  F16: (values, from, view, at) => view.setUint16(at, numberToHalf(values[from] ?? 0), true),
  BF16: (values, from, view, at) => view.setUint16(at, numberToBfloat16(values[from] ?? 0), true),
  Q4_0: signedBlock(4),
  Q4_1: minimumBlock(4),
  Q5_0: signedBlock(5),
  Q5_1: minimumBlock(5),
  Q8_0: (values, from, view, at) => {
    const scale = f32(Math.abs(extreme(values, from)) / 127);
    const inverse = scale === 0 ? 0 : f32(1 / scale);
    view.setUint16(at, numberToHalf(scale), true);
    for (let index = 0; index < 32; index++) {
      const level = f32((values[from + index] ?? 0) * inverse);
      // Halves away from zero.
      view.setInt8(at + 2 + index, Math.trunc(level + (level < 0 ? -0.5 : 0.5)));
    }
  },
} satisfies Record<string, BlockWriter>;

/** The types that `quantise` writes. */
export type QuantisedType = keyof typeof WRITERS;

export function canQuantise(type: string): type is QuantisedType {
  return Object.hasOwn(WRITERS, type);
}

/**
 * Finite values as whole blocks of a type, in 32-bit arithmetic and rounding as `quantize_row_*_ref` of ggml-quants.c.
 * A scale beyond 65504 becomes infinite: the caller bounds the values.
 */
export function quantise(type: QuantisedType, values: Float32Array): Uint8Array {
  const block = blockOf(type);
  const write: BlockWriter = WRITERS[type];
  const blocks = Math.floor(values.length / block.values);
  const bytes = new Uint8Array(blocks * block.bytes);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < blocks; index++) write(values, index * block.values, view, index * block.bytes);
  return bytes;
}
