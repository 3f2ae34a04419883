// Half-precision conversion for tests and benchmarks (IEEE 754 binary16, bfloat16).

const floats = new Float32Array(1);
const words = new Uint32Array(floats.buffer);

/** Nearest binary16, ties to even. @param {number} value */
export function encodeFloat16(value) {
  floats[0] = value;
  const bits = words[0] ?? 0;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x47800000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Denormal: let float addition do the rounding.
    floats[0] = Math.abs(value) + 0.5;
    return sign | ((words[0] ?? 0) - 0x3f000000);
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
}

/** @param {number} half */
export function decodeFloat16(half) {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Nearest bfloat16, ties to even. @param {number} value */
export function encodeBfloat16(value) {
  floats[0] = value;
  const bits = words[0] ?? 0;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** @param {number} half */
export function decodeBfloat16(half) {
  words[0] = half << 16;
  return floats[0] ?? 0;
}
