// Random tensor data of every type: any quants under scales that give the values a wished spread.
// Block layouts: ggml-common.h. Deterministic for a seed, so that tests need no stored weights.

import { encodeBfloat16, encodeFloat16 } from './float16.mjs';
import { TENSOR_TYPES } from './gguf-writer.mjs';

/**
 * Where a block keeps its f16 scales, and the standard deviation of its values for a scale of 1 and uniform quants.
 * `offset` fields: how many scales the minimum must be to centre the values.
 * @type {Record<string, { scaleAt: number, spread: number, offsetAt?: number, offset?: number }>}
 */
const LAYOUTS = {
  Q4_0: { scaleAt: 0, spread: 4.63 },
  Q4_1: { scaleAt: 0, spread: 4.61, offsetAt: 2, offset: -7.5 },
  Q5_0: { scaleAt: 0, spread: 9.25 },
  Q5_1: { scaleAt: 0, spread: 9.23, offsetAt: 2, offset: -15.5 },
  Q8_0: { scaleAt: 0, spread: 73.9 },
  Q2_K: { scaleAt: 80, spread: 13.9, offsetAt: 82, offset: 1.5 },
  Q3_K: { scaleAt: 108, spread: 43.4 },
  Q4_K: { scaleAt: 0, spread: 259, offsetAt: 2, offset: 7.5 },
  Q5_K: { scaleAt: 0, spread: 522, offsetAt: 2, offset: 15.5 },
  Q6_K: { scaleAt: 208, spread: 1367 },
  IQ4_NL: { scaleAt: 0, spread: 68.6 },
  IQ4_XS: { scaleAt: 0, spread: 1270 },
};

/** xorshift32 words, fast enough for gigabytes. @param {number} seed */
export function createWords(seed) {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/**
 * Data for `count` values of a type with about the given standard deviation.
 * @param {string} type @param {number} count @param {number} spread @param {number} seed
 */
export function createRandomData(type, count, spread, seed) {
  const known = TENSOR_TYPES[type];
  if (!known || count % known[1] !== 0) throw new Error(`cannot make ${count} values of ${type}`);
  const [, values, blockBytes] = known;
  const next = createWords(seed);
  const unit = () => next() / 2 ** 32;
  if (values === 1)
    return encodeFloats(
      type,
      Float32Array.from({ length: count }, () => (unit() - 0.5) * 3.46 * spread),
    );

  const bytes = new Uint8Array((count / values) * blockBytes);
  const words = new Uint32Array(bytes.buffer, 0, bytes.length >> 2);
  for (let index = 0; index < words.length; index++) words[index] = next();
  for (let index = words.length * 4; index < bytes.length; index++) bytes[index] = next() >>> 24;
  if (type === 'MXFP4') {
    // One byte of exponent: near the wished spread, as values of E2M1 under three exponents have one of 3.8.
    const exponent = Math.floor(Math.log2(spread / 3.8)) + 127;
    for (let at = 0; at < bytes.length; at += blockBytes) bytes[at] = exponent - 1 + (next() % 3);
    return bytes;
  }
  const layout = LAYOUTS[type];
  if (!layout) throw new Error(`no layout for ${type}`);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; at += blockBytes) {
    // Scales of either sign occur where there is no minimum.
    const scale = ((0.6 + 0.8 * unit()) * spread) / layout.spread;
    const negative = layout.offsetAt === undefined && next() & 1;
    view.setUint16(at + layout.scaleAt, encodeFloat16(negative ? -scale : scale), true);
    if (layout.offsetAt !== undefined) {
      view.setUint16(at + layout.offsetAt, encodeFloat16(scale * (layout.offset ?? 0)), true);
    }
  }
  return bytes;
}

/** Floats as F32, F16 or BF16 bytes. @param {string} type @param {Float32Array} floats */
export function encodeFloats(type, floats) {
  if (type === 'F32') return new Uint8Array(floats.buffer.slice(0));
  const encode = type === 'F16' ? encodeFloat16 : encodeBfloat16;
  return new Uint8Array(Uint16Array.from(floats, encode).buffer);
}
