// Quantises floats to Q4_K and Q6_K, 256 at a time: block layouts of ggml-common.h, scales by range alone, which is plainer
// than llama.cpp's search for the best ones. Good enough to compare engines on the same weights.
import { encodeFloat16 } from '../src/inference/testing/float16.mjs';

const BLOCK = 256;
const clamp = (value, low, high) => Math.max(low, Math.min(high, value));
const over = (value, scale) => (scale === 0 ? 0 : value / scale);
const parts = (values, size) =>
  Array.from({ length: values.length / size }, (_, index) =>
    values.subarray(index * size, (index + 1) * size),
  );

/** `block_q6_K`: codes -32 .. 31, a signed 8-bit scale per 16 of them. */
export function quantiseQ6K(values, view, at) {
  // The value of greatest magnitude becomes -32 exactly.
  const wanted = parts(values, 16).map((part) => extreme(part) / -32);
  const scale = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127;
  const scales = wanted.map((value) => clamp(Math.round(over(value, scale)), -128, 127));
  const codes = Array.from(values, (value, index) =>
    clamp(Math.round(over(value, scale * scales[index >> 4])) + 32, 0, 63),
  );
  for (let half = 0; half < 2; half++) {
    for (let i = 0; i < 32; i++) {
      const [a, b, c, d] = [0, 32, 64, 96].map((from) => codes[half * 128 + from + i]);
      view.setUint8(at + half * 64 + i, (a & 15) | ((c & 15) << 4));
      view.setUint8(at + half * 64 + 32 + i, (b & 15) | ((d & 15) << 4));
      const high = (a >> 4) | ((b >> 4) << 2) | ((c >> 4) << 4) | ((d >> 4) << 6);
      view.setUint8(at + 128 + half * 32 + i, high);
    }
  }
  for (const [index, value] of scales.entries()) view.setInt8(at + 192 + index, value);
  view.setUint16(at + 208, encodeFloat16(scale), true);
}

function extreme(part) {
  return part.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
}

/** `block_q4_K`: codes 0 .. 15, a 6-bit scale and a 6-bit minimum per 32 of them. */
export function quantiseQ4K(values, view, at) {
  const ranges = parts(values, 32).map((part) => {
    const lowest = Math.min(0, ...part);
    return { minimum: -lowest, scale: (Math.max(...part) - lowest) / 15 };
  });
  const scale = Math.max(...ranges.map((range) => range.scale)) / 63;
  const minimum = Math.max(...ranges.map((range) => range.minimum)) / 63;
  const scales = ranges.map((range) => clamp(Math.round(over(range.scale, scale)), 0, 63));
  const minima = ranges.map((range) => clamp(Math.round(over(range.minimum, minimum)), 0, 63));
  view.setUint16(at, encodeFloat16(scale), true);
  view.setUint16(at + 2, encodeFloat16(minimum), true);
  for (let j = 0; j < 4; j++) {
    view.setUint8(at + 4 + j, scales[j] | ((scales[j + 4] >> 4) << 6));
    view.setUint8(at + 8 + j, minima[j] | ((minima[j + 4] >> 4) << 6));
    view.setUint8(at + 12 + j, (scales[j + 4] & 15) | ((minima[j + 4] & 15) << 4));
  }
  const code = (index) => {
    const part = index >> 5;
    return clamp(Math.round(over(values[index] + minimum * minima[part], scale * scales[part])), 0, 15);
  };
  for (let pair = 0; pair < BLOCK / 64; pair++)
    for (let i = 0; i < 32; i++)
      view.setUint8(at + 16 + pair * 32 + i, code(pair * 64 + i) | (code(pair * 64 + 32 + i) << 4));
}
