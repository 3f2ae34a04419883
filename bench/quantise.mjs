// Quantises floats to the simple types, as `quantize_row_*_ref` in ggml-quants.c does, and to two K types (quantise-k.mjs).
import { encodeFloat16 } from '../src/inference/testing/float16.mjs';
import { encodeFloats } from '../src/inference/testing/random-blocks.mjs';
import { quantiseQ4K, quantiseQ6K } from './quantise-k.mjs';

/** roundf: halves away from zero. */
function round(value) {
  return Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
}

function quantiseQ8(part, view, at) {
  const scale = part.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127;
  view.setUint16(at, encodeFloat16(scale), true);
  for (const [index, value] of part.entries())
    view.setInt8(at + 2 + index, scale === 0 ? 0 : round(value / scale));
}

/** Four or five bits, with a scale alone or with a minimum too; the fifth bits make a 32-bit word of their own. */
function legacyQuantiser({ bits, hasMinimum }) {
  const top = (1 << bits) - 1;
  const zero = 1 << (bits - 1);
  return (part, view, at) => {
    let scale;
    let minimum = 0;
    if (hasMinimum) {
      minimum = Math.min(...part);
      scale = (Math.max(...part) - minimum) / top;
    } else {
      // The value of greatest magnitude keeps its sign and becomes exact.
      scale = part.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0) / -zero;
    }
    view.setUint16(at, encodeFloat16(scale), true);
    let quants = at + 2;
    if (hasMinimum) {
      view.setUint16(quants, encodeFloat16(minimum), true);
      quants += 2;
    }
    const level = (value) => {
      const quotient = scale === 0 ? 0 : (value - minimum) / scale;
      return Math.max(0, Math.min(top, Math.floor(quotient + (hasMinimum ? 0.5 : zero + 0.5))));
    };
    const levels = Array.from(part, level);
    if (bits === 5) {
      view.setUint32(
        quants,
        levels.reduce((word, value, index) => word | ((value >>> 4) << index), 0) >>> 0,
        true,
      );
      quants += 4;
    }
    for (let index = 0; index < 16; index++) {
      view.setUint8(quants + index, (levels[index] & 15) | ((levels[index + 16] & 15) << 4));
    }
  };
}

/** Block writers by type, with the bytes of a block and its values where they are not 32. */
const QUANTISERS = {
  Q8_0: [quantiseQ8, 34],
  Q4_0: [legacyQuantiser({ bits: 4, hasMinimum: false }), 18],
  Q4_1: [legacyQuantiser({ bits: 4, hasMinimum: true }), 20],
  Q5_0: [legacyQuantiser({ bits: 5, hasMinimum: false }), 22],
  Q5_1: [legacyQuantiser({ bits: 5, hasMinimum: true }), 24],
  Q4_K: [quantiseQ4K, 144, 256],
  Q6_K: [quantiseQ6K, 210, 256],
};

/** Bytes of `values`, whose count is a multiple of the type's block, in a type. */
export function quantise(type, values) {
  const known = QUANTISERS[type];
  if (!known) return encodeFloats(type, values);
  const [write, blockBytes, size = 32] = known;
  const bytes = new Uint8Array((values.length / size) * blockBytes);
  const view = new DataView(bytes.buffer);
  for (let block = 0; block < values.length / size; block++) {
    write(values.subarray(block * size, (block + 1) * size), view, block * blockBytes);
  }
  return bytes;
}
