import { elementAt } from '../element-at';

/**
 * cos and sin of every position, times `magnitude`, as kernels/attention.h reads them: per position cos cos .., then
 * -sin sin ..
 */
export function ropeTable(frequencies: Float64Array, positions: number, magnitude: number): Float32Array {
  const n = 2 * frequencies.length;
  const table = new Float32Array(positions * 2 * n);
  for (let pair = 0; pair < n / 2; pair++) {
    const frequency = elementAt(frequencies, pair);
    for (let position = 0; position < positions; position++) {
      const at = position * 2 * n + 2 * pair;
      const cos = magnitude * Math.cos(position * frequency);
      const sin = magnitude * Math.sin(position * frequency);
      table[at] = cos;
      table[at + 1] = cos;
      table[at + n] = -sin;
      table[at + n + 1] = sin;
    }
  }
  return table;
}
